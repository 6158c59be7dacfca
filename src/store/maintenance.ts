import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from './store-faults.ts'

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
