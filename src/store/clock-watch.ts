import type { Logger } from '../observability/log.ts'
import type { MaintenanceStore } from './store.ts'

const MINUTE_MS = 60_000
/** A larger move against the monotonic clock means that the clock was set, or is wrong. */
const MAX_MOVE_MS = 5 * MINUTE_MS
/** A clock further than this from the last heartbeat is not trusted at once. */
const MAX_AWAY_MS = 24 * 60 * MINUTE_MS
/** A clock that stays consistent for this long is trusted. */
const BELIEVE_AFTER_MS = 60 * MINUTE_MS

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
  /** The database's clock minus the monotonic one, when last trusted and when last seen. */
  #believed: number | undefined
  #seen = 0
  /** Since when the offset has been as last seen. */
  #since = 0
  /** Until when it is distrusted after a start; 0 when it is not. */
  #doubtedUntil = 0
  readonly #startedAt = performance.now()

  /** @param waitAfterStartMs time for the machine to set its clock */
  constructor(store: Pick<MaintenanceStore, 'readClock' | 'confirmClock'>, log: Logger, waitAfterStartMs: number) {
    this.#store = store
    this.#log = log
    this.#waitAfterStartMs = waitAfterStartMs
  }

  /** Whether old rows may be deleted now. */
  async mayDelete(): Promise<boolean> {
    const isTrusted = await this.isTrusted()
    if (isTrusted) await this.#store.confirmClock()
    return isTrusted && performance.now() - this.#startedAt >= this.#waitAfterStartMs
  }

  /** Whether the clock can be trusted to tell the age of a row. */
  async isTrusted(): Promise<boolean> {
    const { nowMs, heardAtMs } = await this.#store.readClock()
    const monotonic = performance.now()
    const offset = nowMs - monotonic
    if (this.#believed === undefined) {
      this.#believed = offset
      this.#seen = offset
      this.#since = monotonic
      const isFar = heardAtMs !== null && Math.abs(nowMs - heardAtMs) > MAX_AWAY_MS
      if (isFar) this.#doubtedUntil = this.#startedAt + BELIEVE_AFTER_MS
    }
    if (Math.abs(offset - this.#seen) > MAX_MOVE_MS) {
      this.#seen = offset
      this.#since = monotonic
    }
    // The clock has returned to the last heartbeat.
    if (heardAtMs !== null && Math.abs(nowMs - heardAtMs) <= MAX_AWAY_MS && monotonic < this.#doubtedUntil) {
      this.#doubtedUntil = 0
      this.#believed = offset
    }
    const hasMoved = Math.abs(offset - this.#believed) > MAX_MOVE_MS && monotonic - this.#since < BELIEVE_AFTER_MS
    const isDoubted = hasMoved || monotonic < this.#doubtedUntil
    if (!isDoubted) this.#believed = offset
    this.#tell(isDoubted, offset - this.#believed)
    return !isDoubted
  }

  #tell(isDoubted: boolean, movedMs: number): void {
    if (isDoubted === this.status.isClockDoubted) return
    this.status.isClockDoubted = isDoubted
    if (isDoubted) this.#log.warn({ event: 'store.clock_doubted', moved_ms: Math.round(movedMs) })
    else this.#log.info({ event: 'store.clock_believed' })
  }
}
