import { readFileSync, writeSync } from 'node:fs'
import { inspect } from 'node:util'
import * as z from 'zod'
import { readOrigins } from '../base/address.ts'
import { newId } from '../base/id.ts'
import { createLogger } from '../observability/log.ts'
import { newTrace } from '../observability/trace.ts'
import { isJsonObject } from '../base/strict-json.ts'
import type { Click } from '../click/click.ts'
import { parseClick } from '../click/parse-click.ts'
import { requireValidScopes } from '../consent/consent-scopes.ts'
import { loadResolverModule } from '../resolver/module.ts'
import { explainMessageChange, createResolve } from '../resolver/resolve.ts'
import { ResolverError, ResolverSetupError, type LandingRead, type UncheckedResolver } from '../resolver/resolver.ts'
import type { TryResult } from './try-parent.ts'

/** The program of the process that `try` starts: runs one resolver with one click, reports, and waits to be ended. */

const jobShape = z.object({
  file: z.string(),
  click: z.object({ wire: z.enum(['v1', 'v2']), body: z.record(z.string(), z.unknown()) }),
  timeoutMs: z.number(),
  allowedOrigins: z.array(z.string()).optional(),
  hasConsent: z.boolean(),
})
type Job = z.infer<typeof jobShape>

/** The pipe to the parent: the job comes in, the result goes out. */
const CHANNEL = 3
/** Longest stack trace or error text that is reported. */
const MAX_CAUSE_CHARACTERS = 10_000
const READ_MEMBERS = new Set(['url', 'message', 'scopes', 'onDenied', 'on_denied'])
/** Members that the gateway does not read: how many are named, and how long a name may be. */
const MAX_IGNORED = 20
const MAX_NAME_CHARACTERS = 200

const UNCAUGHT =
  'an error was thrown outside of the call of the resolver, or a promise was rejected unhandled; a gateway would exit'

let isFinished = false
// Rejections that nothing handles arrive here too.
process.on('uncaughtException', (error) => {
  finish({ kind: 'refused', reason: UNCAUGHT, cause: explain(error) })
})
const job = jobShape.parse(JSON.parse(readFileSync(CHANNEL, 'utf8')))
finish(
  await run(job).catch((error: unknown): TryResult => ({
    kind: 'refused',
    reason: 'the resolver could not be run',
    cause: explain(error),
  })),
)

/** The first result counts. It is written before this returns, so an exit right after it loses nothing. */
function finish(result: TryResult): void {
  if (isFinished) return
  isFinished = true
  report(result)
}

function report(message: TryResult | { kind: 'loaded' }): void {
  try {
    writeSync(CHANNEL, `${JSON.stringify(message)}\n`)
  } catch {
    // The module closed the channel; the parent reports an exit without a result.
    process.exit(1)
  }
}

/** The developer's own machine and code: the whole error is printed here, and never in a gateway's log. */
function explain(error: unknown): string {
  return inspect(error).slice(0, MAX_CAUSE_CHARACTERS)
}

async function run(job: Job): Promise<TryResult> {
  try {
    const { resolver } = await loadResolverModule(job.file)
    report({ kind: 'loaded' })
    return await resolve(job, resolver)
  } catch (error) {
    if (error instanceof ResolverSetupError) return { kind: 'not_loaded', reason: error.message }
    if (!(error instanceof ResolverError)) throw error
    const cause = error.cause === undefined ? {} : { cause: explain(error.cause) }
    return { kind: 'refused', reason: error.message, ...cause }
  }
}

async function resolve(job: Job, resolver: UncheckedResolver): Promise<TryResult> {
  const { click } = parseClick(job.click.wire, job.click.body)
  let answer: unknown
  const resolveClick = createResolve({
    resolver: async (...parameters) => (answer = await resolver(...parameters)),
    timeoutMs: job.timeoutMs,
    policy: { allowedOrigins: job.allowedOrigins && readOrigins(job.allowedOrigins) },
    shutdownSignal: new AbortController().signal,
  })
  const log = createLogger('debug', process.stdout)
  const began = performance.now()
  const { landing, messageChange } = await resolveClick(click, { log, requestId: newId('req'), trace: newTrace() })
  const ms = Math.round(performance.now() - began)
  checkScopes(landing, job, click)
  const names = isJsonObject(answer) ? Object.keys(answer).filter((name) => !READ_MEMBERS.has(name)) : []
  const ignored = names.slice(0, MAX_IGNORED).map((name) => name.slice(0, MAX_NAME_CHARACTERS))
  const warnings = messageChange === undefined ? [] : [explainMessageChange(messageChange)]
  return { kind: 'landing', landing, ms, ignored, warnings }
}

/** What the gateway refuses of a landing's scopes. */
function checkScopes({ scopes = [] }: LandingRead, { hasConsent }: Job, click: Click): void {
  if (scopes.length === 0) return
  if (!hasConsent) {
    throw new ResolverError(
      'the Landing asks for scopes, and consent is not set up: --public-url, as PUBLIC_URL, is not given',
    )
  }
  requireValidScopes(scopes, click)
}
