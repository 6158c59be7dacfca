import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from './store-faults.ts'
import type { MaintenanceStore } from './store.ts'

export const BATCH = 200
/** Between two rounds. */
const LOOK_EVERY_MS = 30_000
/** For one task in one round, so that the others get their turn. The rest is done in the next round, which follows soon. */
const MAX_CHORE_MS = 10_000
const LOOK_AGAIN_MS = 1000
const STOP_WAIT_MS = 2000

/** What one batch did. A number means that there is more to do when the batch was full. */
export type Batch = number | { done: number; isMore: boolean }

/** Runs maintenance tasks again and again, each in bounded batches. */
export class MaintenanceLoop {
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false
  readonly #stopping = new AbortController()
  /** Whether the last round left work. */
  #isLeft = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param look every later round; as the first one by default */
  start(first: () => Promise<void>, look: () => Promise<void> = first): void {
    this.#working = first().finally(() => {
      if (this.#stopped) return
      this.#timer = setTimeout(
        () => {
          this.start(look)
        },
        this.#isLeft ? LOOK_AGAIN_MS : LOOK_EVERY_MS,
      )
      this.#isLeft = false
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await withTimeout(STOP_WAIT_MS, this.#working)
  }

  /**
   * Repeats while there is more. Rests after each batch for as long as it took, which leaves half of the time to other calls.
   * @returns how many rows were done
   */
  async runBatches(what: string, work: () => Promise<Batch>): Promise<number> {
    const endsAt = performance.now() + MAX_CHORE_MS
    let done = 0
    try {
      while (!this.#stopped) {
        const begunAt = performance.now()
        const batch = await work()
        const { done: more, isMore } = typeof batch === 'number' ? { done: batch, isMore: batch >= BATCH } : batch
        done += more
        if (!isMore) break
        const now = performance.now()
        if (now >= endsAt) {
          this.#isLeft = true
          break
        }
        await wait(now - begunAt, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      }
    } catch (error) {
      this.#log.error({ event: 'store.failed', what, ...describeStoreError(error) })
    }
    return done
  }
}

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
    const { nowMs, isTrusted } = await this.#judge()
    if (isTrusted) await this.#store.confirmClock(nowMs)
    return isTrusted && performance.now() - this.#startedAt >= this.#waitAfterStartMs
  }

  /** Whether the clock can be trusted to tell the age of a row. */
  async isTrusted(): Promise<boolean> {
    return (await this.#judge()).isTrusted
  }

  async #judge(): Promise<{ nowMs: number; isTrusted: boolean }> {
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
    return { nowMs, isTrusted: !isDoubted }
  }

  #tell(isDoubted: boolean, movedMs: number): void {
    if (isDoubted === this.status.isClockDoubted) return
    this.status.isClockDoubted = isDoubted
    if (isDoubted) this.#log.warn({ event: 'store.clock_doubted', moved_ms: Math.round(movedMs) })
    else this.#log.info({ event: 'store.clock_believed' })
  }
}
