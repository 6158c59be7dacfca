/** The process of the gateway: it gets its variables from the parent, tells it about each call of the resolver, and ends with it. */
import { inspect } from 'node:util'
import { startGateway, type Gateway } from '../app/gateway.ts'
import { endWithParent } from '../base/end-with-parent.ts'
import { clickToJson } from '../click/click.ts'
import { ConfigError, readConfig, type Config, type Environment } from '../config/config.ts'
import { createLogger } from '../observability/log.ts'
import type { ObservedCall } from '../resolver/observe.ts'
import { ResolverError, ResolverSetupError } from '../resolver/resolver.ts'
import { orderShape, type CalledReport, type Report } from './child-messages.ts'
import { DEV_KEYS } from './environment.ts'
import { explainLoadError, summaryOf, textOf } from './explain-error.ts'

const MAX_JSON_CHARACTERS = 64 * 1024

endWithParent()

let starting: Promise<Gateway | undefined> | undefined
process.on('message', (message) => {
  const order = orderShape.parse(message)
  if (order.kind === 'start') starting = start(order.environment)
  else void stop()
})
process.on('disconnect', () => void stop())
process.on('SIGTERM', () => void stop())
// Ctrl-C, and the end of a terminal, reach every process of it; the parent then stops this one.
process.on('SIGINT', () => undefined).on('SIGHUP', () => undefined)

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

async function start(environment: Environment): Promise<Gateway | undefined> {
  const log = createLogger('debug', {
    write: (line) => {
      report({ kind: 'log', line })
    },
  })
  try {
    const config = readConfig(environment)
    const observeCall = (call: ObservedCall) => {
      report(toReport(call, config.resolver.kind))
    }
    const gateway = await startGateway(config, log, {
      observeCall,
      formKeys: { 'x-api-key': DEV_KEYS.internal, 'x-access-token': DEV_KEYS.userToken },
    })
    report({ kind: 'started' })
    return gateway
  } catch (error) {
    report({ kind: 'not_started', ...explain(error, environment) })
    return undefined
  }
}

function explain(error: unknown, { RESOLVER_MODULE: file }: Environment): { reason: string; lines: string[] } {
  if (error instanceof ConfigError) return { reason: error.errors.join('; '), lines: [] }
  if (!(error instanceof ResolverSetupError)) return { reason: summaryOf(error), lines: [] }
  if (error.cause === undefined || file === undefined) return { reason: error.message, lines: [] }
  return explainLoadError(error.cause, file)
}

async function stop(): Promise<void> {
  const gateway = await starting
  await gateway?.stop()
  process.exit(0)
}

function toReport({ asked, answer, error, ms }: ObservedCall, resolver: Config['resolver']['kind']): CalledReport {
  return {
    kind: 'called',
    wire: asked.wire,
    clickId: asked.id,
    asked: toJson(resolver === 'forward' ? clickToJson(asked) : asked),
    ...(answer !== undefined && { answer: toJson(answer) }),
    ...(error !== undefined && { error: reasonOf(error) }),
    ms,
  }
}

function reasonOf(error: unknown): { reason: string; whole: string } {
  if (!(error instanceof ResolverError)) return { reason: summaryOf(error), whole: textOf(error) }
  if (error.cause === undefined) return { reason: error.message, whole: error.message }
  const summary = summaryOf(error.cause)
  // What is not an error may be a mere `null`.
  if (!(error.cause instanceof Error))
    return { reason: `${error.message}: ${summary}`, whole: `${error.message}: ${textOf(error.cause)}` }
  return { reason: summary, whole: `${error.message}\n${textOf(error.cause)}` }
}

/** An answer can be anything, also what JSON cannot express. */
function toJson(value: unknown): string {
  return writeJson(value).slice(0, MAX_JSON_CHARACTERS)
}

function writeJson(value: unknown): string {
  try {
    // A function has no JSON, whatever the types of Node say.
    const json: unknown = JSON.stringify(value)
    return typeof json === 'string' ? json : inspect(value)
  } catch {
    return inspect(value)
  }
}
