import { readFileSync, writeSync } from 'node:fs'
import { inspect } from 'node:util'
import * as z from 'zod'
import { readOrigins } from '../base/address.ts'
import { endWithParent } from '../base/end-with-parent.ts'
import { newId } from '../base/id.ts'
import { createLogger } from '../observability/log.ts'
import { newTrace } from '../observability/trace.ts'
import { isJsonObject } from '../base/strict-json.ts'
import type { ActionRequest, Click } from '../click/click.ts'
import { parseAction } from '../click/parse-action.ts'
import { parseClick } from '../click/parse-click.ts'
import { requireValidScopes } from '../consent/consent-scopes.ts'
import { createCallAction } from '../resolver/action.ts'
import { loadResolverModule, type ResolverModule } from '../resolver/module.ts'
import { explainMessageChange, createResolve } from '../resolver/resolve.ts'
import { ResolverError, ResolverSetupError, type LandingRead, type Unchecked } from '../resolver/resolver.ts'
import { TRIED_FUNCTION, type TryResult } from './try-parent.ts'

/** The program of the process that `try` starts: runs a module's function with one click or dynamic action, reports, and waits to be ended. */

const jobShape = z.object({
  file: z.string(),
  kind: z.enum(['click', 'action']),
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
const LANDING_MEMBERS = new Set(['url', 'message', 'scopes', 'onDenied', 'on_denied'])
const ANSWER_MEMBERS = new Set(['url', 'data', 'text'])
/** Members that the gateway does not read: how many are named, and how long a name may be. */
const MAX_IGNORED = 20
const MAX_NAME_CHARACTERS = 200

// A function in an endless loop would outlive a killed command.
endWithParent()

let isFinished = false
const job = jobShape.parse(JSON.parse(readFileSync(CHANNEL, 'utf8')))
const name = TRIED_FUNCTION[job.kind]
// Rejections that nothing handles arrive here too.
process.on('uncaughtException', (error) => {
  const reason = `an error was thrown outside of the call of ${name}, or a promise was rejected unhandled; a gateway would exit`
  finish({ kind: 'refused', reason, cause: explain(error) })
})
finish(
  await run(job).catch((error: unknown): TryResult => ({
    kind: 'refused',
    reason: `${name} could not be run`,
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
    const module = await loadResolverModule(job.file)
    report({ kind: 'loaded' })
    return job.kind === 'click' ? await resolve(job, module) : await answerAction(job, module)
  } catch (error) {
    if (error instanceof ResolverSetupError) return { kind: 'not_loaded', reason: error.message }
    if (!(error instanceof ResolverError)) throw error
    const cause = error.cause === undefined ? {} : { cause: explain(error.cause) }
    return { kind: 'refused', reason: error.message, ...cause }
  }
}

async function resolve(job: Job, { resolver }: ResolverModule): Promise<TryResult> {
  const { click } = parseClick(job.click.wire, job.click.body)
  const watched = watchAnswer(resolver)
  const resolveClick = createResolve({ ...limitsOf(job), resolver: watched.run })
  const { result, ms } = await timed(() => resolveClick(click, newContext()))
  const { landing, messageChange } = result
  checkScopes(landing, job, click)
  const warnings = messageChange === undefined ? [] : [explainMessageChange(messageChange)]
  return { kind: 'landing', landing, ms, ignored: watched.ignored(LANDING_MEMBERS), warnings }
}

async function answerAction(job: Job, { dynamicAction }: ResolverModule): Promise<TryResult> {
  if (dynamicAction === undefined) {
    throw new ResolverError('the module has no export dynamicAction; without ACTION_URL the gateway answers 501')
  }
  const { click: request } = parseAction(job.click.body)
  const watched = watchAnswer<ActionRequest>(dynamicAction)
  const callAction = createCallAction({ ...limitsOf(job), dynamicAction: watched.run })
  const { result: answer, ms } = await timed(() => callAction(request, newContext()))
  return { kind: 'answer', answer, ms, ignored: watched.ignored(ANSWER_MEMBERS) }
}

function limitsOf({ timeoutMs, allowedOrigins }: Job) {
  const policy = { allowedOrigins: allowedOrigins && readOrigins(allowedOrigins) }
  return { timeoutMs, policy, shutdownSignal: new AbortController().signal }
}

function newContext() {
  return { log: createLogger('debug', process.stdout), requestId: newId('req'), trace: newTrace() }
}

async function timed<Result>(run: () => Promise<Result> | Result): Promise<{ result: Result; ms: number }> {
  const began = performance.now()
  const result = await run()
  return { result, ms: Math.round(performance.now() - began) }
}

/** Keeps what the function answered, to name the members that the gateway does not read. */
function watchAnswer<Asked>(run: Unchecked<Asked>) {
  let answer: unknown
  return {
    run: async (...parameters: Parameters<Unchecked<Asked>>) => (answer = await run(...parameters)),
    ignored: (read: ReadonlySet<string>): string[] => {
      const names = isJsonObject(answer) ? Object.keys(answer).filter((one) => !read.has(one)) : []
      return names.slice(0, MAX_IGNORED).map((one) => one.slice(0, MAX_NAME_CHARACTERS))
    },
  }
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
