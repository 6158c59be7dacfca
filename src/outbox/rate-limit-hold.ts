import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { Claim, OutboxStore, DivarRateLimit } from '../store/store.ts'
import { PROBE_AFTER_MS } from './retry-policy.ts'

/** The rate limit that an attempt met, which is the whole app's; undefined when it met none. */
export function rateLimitOf(outcome: Outcome): DivarRateLimit | undefined {
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

/** Starts or shortens the hold after a send that is not stored, since Divar's rate limit is the whole app's. */
export function createNoteOutcome(
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
