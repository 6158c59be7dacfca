import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { CLOCK_TOLERANCE_MS } from '../store/store.ts'
import type { Held, KeepingStore, OutboxStore } from '../store/store.ts'
import type { Attempts } from './attempts.ts'

/** A third of the lease: two beats may get lost. */
const BEAT_EVERY_MS = 10_000
/** How soon after its lease the messages of a gateway that is gone are taken over. */
const ADOPT_EVERY_MS = 5000
const ADOPT_AT_ONCE = 100
/**
 * Whoever has not reached the store for so long must not judge the others: most likely none has. They are spared until they have had time
 * to renew their leases, and to commit how their attempts ended; otherwise what is known to be delivered would end as unknown.
 */
const CUT_OFF_MS = 15_000
const SPARE_MS = 15_000

/** A stop does not wait longer for a store that is away. */
const GOODBYE_MS = 2000

export type HeartbeatOptions = {
  store: Pick<OutboxStore, 'adopt' | 'heartbeat' | 'leave'> & Pick<KeepingStore, 'readClock'>
  attempts: Pick<Attempts, 'owner' | 'isInHand'>
  settleAbandoned: (left: Held) => Promise<void>
  log: Logger
}

/** Tells the other gateways that this one lives, and takes over from those that do not. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #timers: NodeJS.Timeout[] = []
  #working = new Set<Promise<void>>()
  /** Messages that the store believed to be ours at the last look, and nobody here was at. */
  #strays = new Set<string>()
  #reachedAt = 0
  #spareUntil = 0
  /** The database's clock minus the monotonic one, at the last look. */
  #offset: number | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Settles what was left behind, before anything else is sent. */
  async start(): Promise<void> {
    await this.#adopt()
    this.#every(BEAT_EVERY_MS, 'heartbeat', () => this.#options.store.heartbeat(this.#options.attempts.owner))
    this.#every(ADOPT_EVERY_MS, 'adopt', () => this.#look())
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    // Without a goodbye the lease ends by itself.
    await withTimeout(GOODBYE_MS, this.#leave())
  }

  async #leave(): Promise<void> {
    const { store, attempts, log } = this.#options
    await Promise.all(this.#working)
    await store.leave(attempts.owner).catch((error: unknown) => {
      log.warn({ event: 'store.failed', what: 'leave', ...describeStoreError(error) })
    })
  }

  async #look(): Promise<void> {
    const { store, attempts } = this.#options
    const wasCutOff = (await this.#hasClockMoved()) || performance.now() - this.#reachedAt > CUT_OFF_MS
    if (!wasCutOff && performance.now() >= this.#spareUntil) {
      await this.#adopt()
      return
    }
    await store.heartbeat(attempts.owner)
    this.#reachedAt = performance.now()
    if (wasCutOff) this.#spareUntil = this.#reachedAt + SPARE_MS
  }

  /** By a clock that has just jumped, the leases of gateways that live seem to be over. */
  async #hasClockMoved(): Promise<boolean> {
    const offset = (await this.#options.store.readClock()).nowMs - performance.now()
    const before = this.#offset ?? offset
    this.#offset = offset
    return Math.abs(offset - before) > CLOCK_TOLERANCE_MS
  }

  /**
   * Settles what gateways that are gone have left behind, and strays: commits of our own whose answers got lost. A stray must be seen
   * twice, since a message may just be on its way into somebody's hands.
   */
  async #adopt(): Promise<void> {
    const { store, attempts, settleAbandoned, log } = this.#options
    for (;;) {
      const held = await store.adopt(attempts.owner, ADOPT_AT_ONCE)
      this.#reachedAt = performance.now()
      const strays = held.filter(({ id }) => !attempts.isInHand(id))
      const left = strays.filter(({ id, takenOver }) => takenOver || this.#strays.has(id))
      this.#strays = new Set(strays.map(({ id }) => id))
      if (left.length === 0) return
      log.warn({ event: 'outbox.taken_over', messages: left.length })
      await Promise.all(left.map(settleAbandoned))
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
