import type { Logger } from '../base/log.ts'
import { within } from '../base/within.ts'
import { describeStoreError } from './describe-error.ts'

export const BATCH = 200
/** Between two looks. */
const LOOK_EVERY_MS = 30_000
/** At one look: what is more comes at the next, so that keeping house leaves room for work. */
const MAX_BATCHES = 50
const STOP_WAIT_MS = 2000

/** Runs chores again and again, each in bounded batches. */
export class Housekeeping {
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param look done every so often, after the first round */
  start(first: () => Promise<void>, look: () => Promise<void> = first): void {
    this.#working = first().finally(() => {
      if (this.#stopped) return
      this.#timer = setTimeout(() => {
        this.start(look)
      }, LOOK_EVERY_MS)
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    // What takes long, such as a copy, is not waited for.
    await within(STOP_WAIT_MS, this.#working)
  }

  /** Repeats while there is more, within its bound; answers how much was done. */
  async tidy(what: string, work: () => Promise<number>): Promise<number> {
    let done = 0
    try {
      for (let batches = 0; batches < MAX_BATCHES && !this.#stopped; batches += 1) {
        const more = await work()
        done += more
        if (more < BATCH) break
      }
    } catch (error) {
      this.#log.error({ event: 'store.failed', what, ...describeStoreError(error) })
    }
    return done
  }
}
