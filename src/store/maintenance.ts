import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from './store-faults.ts'

export const BATCH = 200
const ROUND_EVERY_MS = 30_000
/** A round that left work is followed by the next one after this time. */
const NEXT_ROUND_MS = 1000
/** A task that takes longer in one round is continued in the next, so that the other tasks get their turn. */
const MAX_TASK_MS = 10_000
const STOP_WAIT_MS = 2000

/** How many rows one batch did. With a plain number, a full batch means that there is more to do. */
export type Batch = number | { done: number; isMore: boolean }

/** Runs maintenance tasks again and again, each in bounded batches. */
export class MaintenanceLoop {
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false
  readonly #stopping = new AbortController()
  /** Whether the last round left work. */
  #hasWorkLeft = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param laterRounds what every round after the first does; the same as the first by default */
  start(first: () => Promise<void>, laterRounds: () => Promise<void> = first): void {
    this.#working = first().finally(() => {
      if (this.#stopped) return
      this.#timer = setTimeout(
        () => {
          this.start(laterRounds)
        },
        this.#hasWorkLeft ? NEXT_ROUND_MS : ROUND_EVERY_MS,
      )
      this.#hasWorkLeft = false
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await withTimeout(STOP_WAIT_MS, this.#working)
  }

  /** Runs `work` once. Logs its failure. */
  async runTask(what: string, work: () => Promise<void>): Promise<void> {
    await this.runBatches(what, () => work().then(() => 0))
  }

  /**
   * Runs `work` until nothing is left. Rests after each batch for as long as the batch took, which leaves half of the time to other calls.
   * @returns how many rows were done
   */
  async runBatches(what: string, work: () => Promise<Batch>): Promise<number> {
    const endsAt = performance.now() + MAX_TASK_MS
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
          this.#hasWorkLeft = true
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

/** Rows that could not be handled are skipped for this long, so that they do not delay the others; and at most so many. */
const SKIP_MS = 60 * 60 * 1000
const MAX_SKIPPED = 10_000

/** The ids of rows that a task leaves out for an hour. */
export class SkippedRows {
  readonly #until = new Map<string, number>()

  get size(): number {
    return this.#until.size
  }

  ids(): string[] {
    return [...this.#until.keys()]
  }

  add(id: string): void {
    if (this.#until.size < MAX_SKIPPED) this.#until.set(id, performance.now() + SKIP_MS)
  }

  forgetOld(): void {
    for (const [id, until] of this.#until) if (until <= performance.now()) this.#until.delete(id)
  }
}
