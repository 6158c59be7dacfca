import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { Claimed, Finish } from '../store/store.ts'

/** A `Retry-After` beyond a message's retry time leaves it one last attempt, this long before that time is over. */
const LAST_TRY_MS = 60_000
/** Longest wait for Divar's rate limit, however long it lasts: then one message probes it. */
export const PROBE_AFTER_MS = 60 * 60 * 1000

/** Exponential backoff from `firstMs` up to `maxMs`, for at most `forMs` after the message was queued; milliseconds. */
export type RetryPolicy = { firstMs: number; maxMs: number; forMs: number }

/** A message whose attempt has ended. */
export type AttemptedMessage = Pick<Claimed, 'atLeastOnce' | 'unsure' | 'tryForMs'> & {
  outcome: Outcome
  /** The number of this attempt, from 1. */
  number: number
}

/**
 * The state of a message after an attempt. It is tried again only if it surely was not delivered, or may be delivered twice. If any
 * attempt may have delivered it, a later refusal ends it as `unknown`, not `rejected`.
 * @param random from 0 up to 1
 */
export function stateAfterAttempt(tried: AttemptedMessage, policy: RetryPolicy, random: () => number): Finish['next'] {
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

/** The state of a message with a single attempt, whose caller waits for the answer. */
export function stateOfOnlyAttempt(outcome: Outcome): Finish['next'] {
  if (outcome.kind === 'delivered' || outcome.kind === 'unknown') return { state: outcome.kind }
  return { state: outcomeRules[outcome.kind].isFinal ? 'rejected' : 'failed' }
}

/** Exponential backoff with full jitter after the Retry-After. A longer rate limit than an hour is not waited out here: then one message probes. */
function waitMs({ outcome, number }: AttemptedMessage, { firstMs, maxMs }: RetryPolicy, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** (number - 1), maxMs)
  const jitter = Math.ceil(random() * ceiling)
  const askedMs = retryAfterMs(outcome)
  return (outcome.kind === 'rate_limited' ? Math.min(askedMs, PROBE_AFTER_MS) : askedMs) + jitter
}

function retryAfterMs(outcome: Outcome): number {
  return 'retryAfterSeconds' in outcome ? (outcome.retryAfterSeconds ?? 0) * 1000 : 0
}
