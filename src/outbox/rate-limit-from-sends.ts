import type { Logger } from '../observability/log.ts'
import type { Outcome } from '../divar/outcome.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { OutboxStore } from '../store/store.ts'
import type { Pause } from './rate-limit-hold.ts'
import { limitOf, PROBE_AFTER_MS } from './retry-policy.ts'

/** Where Divar names no time, and the store cannot be told. */
const UNTOLD_PAUSE_MS = 60_000

export type HeedOptions = { store: Pick<OutboxStore, 'pause' | 'resetPauseWait'>; pause: Pause; log: Logger }

/**
 * What the outbox learns from sends that are not stored: a limit is the whole app's.
 * @param begunAt by the monotonic clock
 */
export type Heed = (outcome: Outcome, begunAt: number) => void

export function createHeed({ store, pause, log }: HeedOptions): Heed {
  /** When a limit was met last, until something was delivered since. */
  let limitedAt: number | undefined

  const warn = (error: unknown) => {
    log.warn({ event: 'store.failed', what: 'pause', ...describeStoreError(error) })
  }

  return (outcome, begunAt) => {
    const limit = limitOf(outcome)
    if (limit !== undefined) {
      limitedAt = performance.now()
      pause
        .whileTold(() => store.pause(limit))
        .catch((error: unknown) => {
          warn(error)
          pause.begin(Math.min(limit.retryAfterMs ?? UNTOLD_PAUSE_MS, PROBE_AFTER_MS))
        })
    } else if (outcome.kind === 'delivered' && limitedAt !== undefined && begunAt > limitedAt) {
      limitedAt = undefined
      store.resetPauseWait().catch(warn)
    }
  }
}
