import type { Logger } from '../base/log.ts'
import type { Held, OutboxStore } from '../store/store.ts'
import { describeStoreError, type Attempts } from './attempts.ts'

/** A third of the lease: two beats may get lost. */
const BEAT_EVERY_MS = 10_000
/** How soon after its lease the messages of a gateway that is gone are taken over. */
const ADOPT_EVERY_MS = 5000
const ADOPT_AT_ONCE = 100

export type LeaseOptions = {
  store: OutboxStore
  attempts: Attempts
  settleLeft: (left: Held) => Promise<void>
  log: Logger
}

/** Tells the other gateways that this one lives, and takes over from those that do not. */
export class Lease {
  readonly #options: LeaseOptions
  #timers: NodeJS.Timeout[] = []
  #working = new Set<Promise<void>>()
  /** Messages that the store believed to be ours at the last look, and nobody here was at. */
  #strays = new Set<string>()

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  /** Settles what was left behind, before anything else is sent. */
  async start(): Promise<void> {
    await this.#adopt()
    this.#every(BEAT_EVERY_MS, 'heartbeat', () => this.#options.store.heartbeat(this.#options.attempts.owner))
    this.#every(ADOPT_EVERY_MS, 'adopt', () => this.#adopt())
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#working)
    await this.#options.store.leave(this.#options.attempts.owner).catch((error: unknown) => {
      this.#options.log.warn({ event: 'store.failed', what: 'leave', ...describeStoreError(error) })
    })
  }

  /**
   * Settles what gateways that are gone have left behind, and strays: commits of our own whose answers got lost. A stray must be seen
   * twice, since a message may just be on its way into somebody's hands.
   */
  async #adopt(): Promise<void> {
    const { store, attempts, settleLeft, log } = this.#options
    for (;;) {
      const held = await store.adopt(attempts.owner, ADOPT_AT_ONCE)
      const strays = held.filter(({ id }) => !attempts.isInHand(id))
      const left = strays.filter(({ id, takenOver }) => takenOver || this.#strays.has(id))
      this.#strays = new Set(strays.map(({ id }) => id))
      if (left.length === 0) return
      log.warn({ event: 'outbox.taken_over', messages: left.length })
      await Promise.all(left.map(settleLeft))
    }
  }

  #every(ms: number, what: string, work: () => Promise<void>): void {
    let busy = false
    const timer = setInterval(() => {
      if (busy) return
      busy = true
      const done = work()
        .catch((error: unknown) => {
          this.#options.log.warn({ event: 'store.failed', what, ...describeStoreError(error) })
        })
        .finally(() => {
          busy = false
          this.#working.delete(done)
        })
      this.#working.add(done)
    }, ms)
    this.#timers.push(timer)
  }
}
