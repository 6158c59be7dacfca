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
import { moduleResolver } from '../resolver/module.ts'
import { explainMessageChange } from '../resolver/landing.ts'
import { resolveWithin } from '../resolver/resolve.ts'
import { ResolverError, ResolverSetupError, type LandingRead } from '../resolver/resolver.ts'
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

process.once('message', (message) => {
  const job = jobShape.parse(message)
  run(job).then(report, (error: unknown) => {
    report({ kind: 'refused', reason: 'the resolver could not be run', cause: inspect(error) })
  })
})

function report(message: TryResult | { kind: 'loaded' }): void {
  process.send?.(message)
}

async function run(job: Job): Promise<TryResult> {
  try {
    const resolver = await moduleResolver(job.file)
    report({ kind: 'loaded' })
    return await resolve(job, resolver)
  } catch (error) {
    if (error instanceof ResolverSetupError) return { kind: 'not_loaded', reason: error.message }
    if (!(error instanceof ResolverError)) throw error
    // The developer's own machine and code: the whole error is printed here, and never in a gateway's log.
    const cause = error.cause === undefined ? {} : { cause: inspect(error.cause) }
    return { kind: 'refused', reason: error.message, ...cause }
  }
}

const READ_MEMBERS = new Set(['url', 'message', 'scopes', 'onDenied', 'on_denied'])

async function resolve(job: Job, resolver: Awaited<ReturnType<typeof moduleResolver>>): Promise<TryResult> {
  const { click } = parseClick(job.click.wire, job.click.body)
  let answer: unknown
  const resolveClick = resolveWithin({
    resolver: async (...parameters) => (answer = await resolver(...parameters)),
    timeoutMs: job.timeoutMs,
    policy: { allowedOrigins: job.allowedOrigins && readOrigins(job.allowedOrigins) },
    cutOff: new AbortController().signal,
  })
  const log = createLogger('debug', process.stdout)
  const began = performance.now()
  const { landing, messageChange } = await resolveClick(click, { log, requestId: newId('req'), trace: newTrace() })
  const ms = Math.round(performance.now() - began)
  checkScopes(landing, job, click)
  const ignored = isJsonObject(answer) ? Object.keys(answer).filter((name) => !READ_MEMBERS.has(name)) : []
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
