import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { Claim, Claimed, Finish, OutboxStore, RateLimit } from '../store/store.ts'

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

/** Exponential backoff with full jitter after the Retry-After; of a rate limit's at most an hour counts, since then one message probes it. */
function waitMs({ outcome, number }: AttemptedMessage, { firstMs, maxMs }: RetryPolicy, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** (number - 1), maxMs)
  const jitter = Math.ceil(random() * ceiling)
  const askedMs = retryAfterMs(outcome)
  return (outcome.kind === 'rate_limited' ? Math.min(askedMs, PROBE_AFTER_MS) : askedMs) + jitter
}

function retryAfterMs(outcome: Outcome): number {
  return 'retryAfterSeconds' in outcome ? (outcome.retryAfterSeconds ?? 0) * 1000 : 0
}

/** The rate limit that an attempt met, which is the whole app's; undefined when it met none. */
export function rateLimitOf(outcome: Outcome): RateLimit | undefined {
  if (outcome.kind !== 'rate_limited') return undefined
  const { retryAfterSeconds: seconds } = outcome
  return { retryAfterMs: seconds === undefined ? undefined : seconds * 1000 }
}

/** How soon to check again while a hold is being committed. */
const COMMIT_RETRY_MS = 50
/** Smaller differences between two holds are noise: the store's clock and ours are read a moment apart. */
const SAME_MS = 2000
/** How long to hold when Divar names no time and the store is away. */
const DEFAULT_HOLD_MS = 60_000

/** Divar's rate limit as this process knows it. Holds deliveries back here until the store, which does so for all, has committed it. */
export class RateLimitHold {
  /** How many rate limits were met. */
  limitsMet = 0
  /** When this process last learned of a limit, by the monotonic clock; undefined after a delivery since. */
  limitedAt: number | undefined
  readonly #log: Logger
  #committing = 0
  #until = 0
  #loggedUntil: number | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Holds deliveries back while `commit` stores a hold. */
  async whileCommitting<Result>(commit: () => Promise<Result>): Promise<Result> {
    this.limitsMet += 1
    this.limitedAt = performance.now()
    this.#committing += 1
    try {
      return await commit()
    } finally {
      this.#committing -= 1
    }
  }

  /** Holds deliveries of this process, when the store cannot take the hold. */
  holdFor(ms: number): void {
    this.#until = Math.max(this.#until, performance.now() + ms)
  }

  /** Milliseconds for which nothing may begin here, whatever the store says; 0 when the store decides. */
  leftMs(): number {
    return Math.max(this.#until - performance.now(), this.#committing > 0 ? COMMIT_RETRY_MS : 0)
  }

  /** Logs when a hold begins, is probed and ends, by what the store answers to each claim. */
  logClaim({ heldMs, messages }: Claim): void {
    if (heldMs === undefined) {
      if (this.#loggedUntil !== undefined) this.#log.info({ event: 'outbox.resumed' })
      this.#loggedUntil = undefined
      return
    }
    const [probe] = messages
    if (probe !== undefined) this.#log.info({ event: 'outbox.probing', message_id: probe.id, paused_ms: heldMs })
    const until = performance.now() + heldMs
    this.limitedAt ??= performance.now()
    const isKnown = heldMs === 0 || (this.#loggedUntil !== undefined && until < this.#loggedUntil + SAME_MS)
    if (isKnown) return
    this.#log.warn({ event: 'outbox.paused', paused_ms: heldMs })
    this.#loggedUntil = until
  }
}

/** Learns from sends that are not stored: Divar's rate limit is the whole app's. */
export function createOnOutcome(
  store: Pick<OutboxStore, 'holdForRateLimit' | 'resetRateLimitBackoff'>,
  rateLimitHold: RateLimitHold,
  log: Logger,
) {
  const warn = (error: unknown) => {
    log.warn({ event: 'store.failed', what: 'rate limit hold', ...describeStoreError(error) })
  }

  /** @param begunAt when the send began, by the monotonic clock */
  return (outcome: Outcome, begunAt: number): void => {
    const limit = rateLimitOf(outcome)
    if (limit !== undefined) {
      rateLimitHold
        .whileCommitting(() => store.holdForRateLimit(limit))
        .catch((error: unknown) => {
          warn(error)
          rateLimitHold.holdFor(Math.min(limit.retryAfterMs ?? DEFAULT_HOLD_MS, PROBE_AFTER_MS))
        })
    } else if (outcome.kind === 'delivered' && begunAt > (rateLimitHold.limitedAt ?? Infinity)) {
      rateLimitHold.limitedAt = undefined
      store.resetRateLimitBackoff().catch(warn)
    }
  }
}
