import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { OutboxStore } from '../store/store.ts'
import { PROBE_AFTER_MS, rateLimitOf } from './retry-policy.ts'
import type { RateLimitHold } from './worker.ts'

/** How long to hold when Divar names no time and the store is away. */
const DEFAULT_HOLD_MS = 60_000

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
