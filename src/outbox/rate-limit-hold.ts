import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { Claim, OutboxStore } from '../store/store.ts'
import { PROBE_AFTER_MS, rateLimitOf } from './retry-policy.ts'

/** How soon to ask again while the store is being told. */
const TELLING_MS = 50
/** Less of a difference is none: the store's clock and ours are read a moment apart. */
const SAME_MS = 2000

/** Where Divar names no time, and the store cannot be told. */
const UNTOLD_PAUSE_MS = 60_000

/**
 * Divar's wish for a pause, as this process knows it. The store has it for everybody; but its commit takes time, in which nothing may begin
 * here.
 */
export class RateLimitHold {
  /** How many times a limit was met. */
  met = 0
  readonly #log: Logger
  #telling = 0
  #until = 0
  #loggedUntil: number | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Holds everything back until the store has been told, by `tell`. */
  async whileCommitting<Result>(tell: () => Promise<Result>): Promise<Result> {
    this.met += 1
    this.#telling += 1
    try {
      return await tell()
    } finally {
      this.#telling -= 1
    }
  }

  /** Where the store cannot be told. */
  begin(ms: number): void {
    this.#until = Math.max(this.#until, performance.now() + ms)
  }

  /** Milliseconds for which nothing may begin here, whatever the store says; 0 when it is to be asked. */
  leftMs(): number {
    return Math.max(this.#until - performance.now(), this.#telling > 0 ? TELLING_MS : 0)
  }

  /** Logs pauses, as the store tells them at each claim. */
  log({ pausedMs, messages }: Claim): void {
    if (pausedMs === undefined) {
      if (this.#loggedUntil !== undefined) this.#log.info({ event: 'outbox.resumed' })
      this.#loggedUntil = undefined
      return
    }
    const [probe] = messages
    if (probe !== undefined) this.#log.info({ event: 'outbox.probing', message_id: probe.id, paused_ms: pausedMs })
    const until = performance.now() + pausedMs
    const isKnown = pausedMs === 0 || (this.#loggedUntil !== undefined && until < this.#loggedUntil + SAME_MS)
    if (isKnown) return
    this.#log.warn({ event: 'outbox.paused', paused_ms: pausedMs })
    this.#loggedUntil = until
  }
}

export type OnOutcomeOptions = {
  store: Pick<OutboxStore, 'pause' | 'resetPauseWait'>
  rateLimitHold: RateLimitHold
  log: Logger
}

/**
 * What the outbox learns from sends that are not stored: a limit is the whole app's.
 * @param begunAt by the monotonic clock
 */
export type OnOutcome = (outcome: Outcome, begunAt: number) => void

export function createOnOutcome({ store, rateLimitHold, log }: OnOutcomeOptions): OnOutcome {
  /** When a limit was met last, until something was delivered since. */
  let limitedAt: number | undefined

  const warn = (error: unknown) => {
    log.warn({ event: 'store.failed', what: 'pause', ...describeStoreError(error) })
  }

  return (outcome, begunAt) => {
    const limit = rateLimitOf(outcome)
    if (limit !== undefined) {
      limitedAt = performance.now()
      rateLimitHold
        .whileCommitting(() => store.pause(limit))
        .catch((error: unknown) => {
          warn(error)
          rateLimitHold.begin(Math.min(limit.retryAfterMs ?? UNTOLD_PAUSE_MS, PROBE_AFTER_MS))
        })
    } else if (outcome.kind === 'delivered' && limitedAt !== undefined && begunAt > limitedAt) {
      limitedAt = undefined
      store.resetPauseWait().catch(warn)
    }
  }
}
