import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import { CLOCK_TOLERANCE_MS } from '../store/store.ts'

const FIRST_RETRY_MS = 10_000
const MAX_RETRY_MS = 15 * 60_000
/** About a day of attempts; after that they are rare. */
const MANY_FAILURES = 100
const RARE_RETRY_MS = 6 * 60 * 60_000
/** The hold of all subscriptions after a 429: without `Retry-After`, and at most. */
const DEFAULT_HOLD_MS = 60_000
const MAX_HOLD_MS = 60 * 60_000

/** A grant is refreshed when 80 to 90 % of its access token's time are over; at random, so that not all are at once. */
const REFRESH_FROM = 0.8
const REFRESH_SPREAD = 0.1
/** However short a token lives, its grant is not refreshed sooner: the answer, or the clock that it was read by, may be wrong. */
const LEAST_MS = 60_000
/** However long a token is said to live, the subscription is registered again after this time: it may have ended long before. */
const MOST_MS = 6 * 60 * 60_000
/** A refused token that is younger is not refreshed, since Divar may not know it everywhere yet. With each failure the time doubles. */
const MIN_REFUSED_AGE_MS = 60_000

/** How long a token lives and has lived, in milliseconds. */
type TokenAge = { accessMs: number; pairAgeMs: number }

/** Whether it is time to refresh a grant with subscriptions. A token that was stored by a clock that was ahead has no age that is known. */
export function isRefreshDue({ accessMs, pairAgeMs }: TokenAge): boolean {
  const dueAtMs = Math.max(REFRESH_FROM * (accessMs + pairAgeMs), LEAST_MS)
  return pairAgeMs >= dueAtMs || pairAgeMs < -CLOCK_TOLERANCE_MS
}

/**
 * Whether a refresh may help after Divar refused the token. If it refuses each new one, the app's key may be at fault, and refreshes become rare.
 * @param failures in a row; 1 or more
 */
export function isRefusedTokenOld({ pairAgeMs }: TokenAge, failures: number): boolean {
  return pairAgeMs >= MIN_REFUSED_AGE_MS * 2 ** (failures - 1)
}

/** Milliseconds until the grant is refreshed. @param random 0 to 1 */
export function refreshInMs({ accessMs, pairAgeMs }: TokenAge, random: number): number {
  const at = (REFRESH_FROM + REFRESH_SPREAD * random) * (accessMs + pairAgeMs)
  return Math.min(Math.max(Math.ceil(at - Math.max(pairAgeMs, 0)), LEAST_MS), MOST_MS)
}

/**
 * Milliseconds until the next attempt: from 10 s, doubled each time up to 15 min, with jitter; after about a day, up to 6 h.
 * @param failures in a row, with this one; 1 or more
 * @param random 0 to 1
 */
export function retryInMs(failures: number, random: number): number {
  const most = failures < MANY_FAILURES ? MAX_RETRY_MS : RARE_RETRY_MS
  const ms = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), most)
  return (ms / 2) * (1 + random)
}

/** Whether Divar would refuse the same registration again. A refused token may be unknown to it for a moment, or be refreshed. */
export function isFinal({ kind }: Outcome): boolean {
  return kind !== 'token_refused' && outcomeRules[kind].isFinal
}

/** How long nothing is registered after this outcome. */
export function holdMsAfter(outcome: Outcome): number | undefined {
  if (outcome.kind !== 'rate_limited') return undefined
  const { retryAfterSeconds } = outcome
  return retryAfterSeconds === undefined ? DEFAULT_HOLD_MS : Math.min(retryAfterSeconds * 1000, MAX_HOLD_MS)
}
