import type { Logger } from '../observability/log.ts'
import type { MaintenanceStore } from './store.ts'

const MINUTE_MS = 60_000
/** A clock that moves more than this against the monotonic clock was set, or is wrong. */
const MAX_MOVE_MS = 5 * MINUTE_MS
/** A clock that differs more than this from its last trusted reading is not trusted at once. */
const MAX_DIFFERENCE_MS = 24 * 60 * MINUTE_MS
/** A clock that stays consistent for this long is trusted. */
const TRUST_AFTER_MS = 60 * MINUTE_MS

export type ClockStatus = { isClockDoubted: boolean }

/**
 * Compares the database's clock with the monotonic one, so that a wrong clock deletes nothing. Everything that deletes or gives up rows by
 * their age asks it first.
 */
export class ClockWatch {
  readonly status: ClockStatus = { isClockDoubted: false }
  readonly #store: Pick<MaintenanceStore, 'readClock' | 'confirmClock'>
  readonly #log: Logger
  readonly #waitAfterStartMs: number
  /** The database's clock minus the monotonic one: when it was last trusted, and at the last look. */
  #trustedOffset: number | undefined
  #lastOffset = 0
  /** Since when the offset has been `#lastOffset`, by the monotonic clock. */
  #steadySince = 0
  /** Until when the clock is not trusted after a start, by the monotonic clock; 0 when it is trusted. */
  #distrustedUntil = 0
  readonly #startedAt = performance.now()

  /** @param waitAfterStartMs time for the machine to set its clock */
  constructor(store: Pick<MaintenanceStore, 'readClock' | 'confirmClock'>, log: Logger, waitAfterStartMs: number) {
    this.#store = store
    this.#log = log
    this.#waitAfterStartMs = waitAfterStartMs
  }

  /** Whether old rows may be deleted now. */
  async mayDelete(): Promise<boolean> {
    const { nowMs, isTrusted } = await this.#read()
    if (isTrusted) await this.#store.confirmClock(nowMs)
    return isTrusted && performance.now() - this.#startedAt >= this.#waitAfterStartMs
  }

  /** Whether the clock can be trusted to tell the age of a row. */
  async isTrusted(): Promise<boolean> {
    return (await this.#read()).isTrusted
  }

  /** Reads the clock, and decides whether to trust it. */
  async #read(): Promise<{ nowMs: number; isTrusted: boolean }> {
    const { nowMs, lastTrustedMs } = await this.#store.readClock()
    const monotonic = performance.now()
    const offset = nowMs - monotonic
    const isFar = lastTrustedMs !== null && Math.abs(nowMs - lastTrustedMs) > MAX_DIFFERENCE_MS

    const isFirst = this.#trustedOffset === undefined
    if (isFirst && isFar) this.#distrustedUntil = this.#startedAt + TRUST_AFTER_MS
    if (isFirst || Math.abs(offset - this.#lastOffset) > MAX_MOVE_MS) {
      this.#lastOffset = offset
      this.#steadySince = monotonic
    }

    // The clock is near its last trusted reading again.
    const isNearAgain = lastTrustedMs !== null && !isFar && monotonic < this.#distrustedUntil
    if (isNearAgain) this.#distrustedUntil = 0
    const trustedOffset = isNearAgain ? offset : (this.#trustedOffset ?? offset)

    const isSteady = monotonic - this.#steadySince >= TRUST_AFTER_MS
    const hasMoved = Math.abs(offset - trustedOffset) > MAX_MOVE_MS && !isSteady
    const isTrusted = !hasMoved && monotonic >= this.#distrustedUntil
    this.#trustedOffset = isTrusted ? offset : trustedOffset
    this.#logChange(!isTrusted, offset - this.#trustedOffset)
    return { nowMs, isTrusted }
  }

  #logChange(isDoubted: boolean, movedMs: number): void {
    if (isDoubted === this.status.isClockDoubted) return
    this.status.isClockDoubted = isDoubted
    if (isDoubted) this.#log.warn({ event: 'store.clock_doubted', moved_ms: Math.round(movedMs) })
    else this.#log.info({ event: 'store.clock_believed' })
  }
}
