import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { Finish, Limit } from '../store/store.ts'

/** A `Retry-After` that outlasts a message leaves it one last try, so long before its end. */
const LAST_TRY_MS = 60_000
/** However long Divar's limit lasts, a message may be tried after so long, should it be the one that probes. */
export const PROBE_AFTER_MS = 60 * 60 * 1000

/** When a message is tried again; milliseconds. */
export type RetryPolicy = { firstMs: number; maxMs: number; forMs: number }

/** What is known of a message once an attempt has ended. */
export type Tried = {
  outcome: Outcome
  /** This attempt's. */
  number: number
  atLeastOnce: boolean
  /** Whether the outcome of an earlier attempt is unknown. */
  unsure: boolean
  /** What is left of the time for which it is tried, in milliseconds. */
  tryForMs: number
}

/**
 * What becomes of a message after an attempt. Only what surely was not delivered is tried again, or what may be delivered twice. Where one
 * attempt may have delivered it, a later no does not make it undelivered: it ends `unknown`.
 * @param random from 0 up to 1
 */
export function stateAfterAttempt(tried: Tried, policy: RetryPolicy, random: () => number): Finish['next'] {
  const { outcome, atLeastOnce } = tried
  if (outcome.kind === 'delivered') return { state: 'delivered' }
  const unsure = tried.unsure || outcome.kind === 'unknown'
  if (outcomeRules[outcome.kind].isFinal) return { state: unsure ? 'unknown' : 'rejected' }
  if (outcome.kind === 'unknown' && !atLeastOnce) return { state: 'unknown' }
  const inMs = waitMs(tried, policy, random)
  if (inMs <= tried.tryForMs) return { state: 'queued', inMs, unsure }
  const lastInMs = tried.tryForMs - LAST_TRY_MS
  if (retryAfterMs(outcome) > 0 && lastInMs > 0) return { state: 'queued', inMs: lastInMs, unsure }
  return { state: unsure ? 'unknown' : 'failed' }
}

/** The same for a message that gets one attempt only, since its caller waits for the answer. */
export function stateOfOnlyAttempt(outcome: Outcome): Finish['next'] {
  if (outcome.kind === 'delivered' || outcome.kind === 'unknown') return { state: outcome.kind }
  return { state: outcomeRules[outcome.kind].isFinal ? 'rejected' : 'failed' }
}

/**
 * Exponential, with full jitter so that what failed together does not come back together; never before a Retry-After is over. Where that is
 * the whole app's limit, the pause sees to it, which one message probes from time to time.
 */
function waitMs({ outcome, number }: Tried, { firstMs, maxMs }: RetryPolicy, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** (number - 1), maxMs)
  const jitter = Math.ceil(random() * ceiling)
  const askedMs = retryAfterMs(outcome)
  return (outcome.kind === 'rate_limited' ? Math.min(askedMs, PROBE_AFTER_MS) : askedMs) + jitter
}

function retryAfterMs(outcome: Outcome): number {
  return 'retryAfterSeconds' in outcome ? (outcome.retryAfterSeconds ?? 0) * 1000 : 0
}

/** Whether Divar limits this app: its limits are the app's, whichever message met them. */
export function rateLimitOf(outcome: Outcome): Limit | undefined {
  if (outcome.kind !== 'rate_limited') return undefined
  const { retryAfterSeconds: seconds } = outcome
  return { retryAfterMs: seconds === undefined ? undefined : seconds * 1000 }
}
