import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError, type Claimed, type OutboxStore, type Wire } from '../store/store.ts'
import type { RateLimitHold } from './rate-limit-hold.ts'

/** How long a courier looks away when nothing wakes it: a hint of another gateway's may have been lost. */
const LOOK_EVERY_MS = 2000
/** While the store is away. */
const STORE_RETRY_MS = 1000
/** What is due and yet cannot be claimed is just in another gateway's hands. */
const TAKEN_RETRY_MS = 50

/** One host that messages go to, with what guards it. */
export type DeliveryTarget = {
  wires: readonly Wire[]
  /** Deliveries at once. */
  concurrency: number
  /** Delivers what was sealed, once. */
  deliver: (id: string, content: string, trace: Trace) => Promise<Outcome>
  /** How many deliveries the host would take now: none while its breaker is open, one to probe, or any number. */
  capacity: () => number
  /** Milliseconds until that is worth asking again; 0 when it is now. */
  opensInMs: () => number
}

export type WorkerOptions = {
  store: OutboxStore
  owner: string
  /** How long a message that probes after a pause is waited for. */
  probeLeaseMs: number
  target: DeliveryTarget
  rateLimitHold: RateLimitHold
  /** One delivery, with its commits; settles whatever happens. */
  deliverClaimed: (message: Claimed, target: DeliveryTarget) => Promise<void>
  log: Logger
}

/** Carries what is due on one lane, as many at once as the lane has places. */
export class DeliveryWorker {
  readonly #options: WorkerOptions
  #carrying = 0
  #looking: Promise<void> | undefined
  #lookAgain = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #storeAway = false
  #turn = 0

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** Looks for what is due, now or as soon as the look under way is over. */
  wake(): void {
    if (this.#stopped) return
    if (this.#looking !== undefined) {
      this.#lookAgain = true
      return
    }
    clearTimeout(this.#timer)
    this.#looking = this.#look().then((nextInMs) => {
      this.#looking = undefined
      if (this.#lookAgain) {
        this.#lookAgain = false
        this.wake()
      } else this.#wakeIn(nextInMs)
    })
  }

  /** Takes nothing new; resolves once no look is under way. What is carried goes on. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  #wakeIn(ms: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.wake()
    }, ms)
  }

  /** Claims and sets out; answers when to look again, in milliseconds. */
  async #look(): Promise<number> {
    const { store, owner, probeLeaseMs, target, rateLimitHold, log } = this.#options
    let nextInMs = LOOK_EVERY_MS
    try {
      for (const wire of this.#inTurn()) {
        const concurrency = this.#freePlaces()
        // A place that becomes free wakes; a breaker does not.
        if (concurrency <= 0) return target.capacity() === 0 ? Math.max(target.opensInMs(), 1) : nextInMs
        // The store may not know of it yet, or never: what it hands out would only be put back, and handed out again.
        const pausedMs = wire === 'webhook' ? 0 : rateLimitHold.leftMs()
        if (pausedMs > 0) {
          nextInMs = Math.min(nextInMs, pausedMs)
          continue
        }
        const claim = await store.claim(owner, wire, concurrency, probeLeaseMs)
        if (wire !== 'webhook') rateLimitHold.log(claim)
        for (const message of claim.messages) this.#setOut(message)
        const waitMs = claim.nextInMs ?? nextInMs
        nextInMs = Math.min(nextInMs, claim.messages.length > 0 ? waitMs : Math.max(waitMs, TAKEN_RETRY_MS))
      }
      this.#storeAway = false
      return nextInMs
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (!this.#storeAway) log.error({ event: 'store.failed', what: 'claim', ...describeStoreError(error) })
      this.#storeAway = true
      return STORE_RETRY_MS
    }
  }

  /** Each wire is the first in its turn, so that none has to live on what another leaves. */
  #inTurn(): readonly Wire[] {
    const { wires } = this.#options.target
    this.#turn = (this.#turn + 1) % wires.length
    return [...wires.slice(this.#turn), ...wires.slice(0, this.#turn)]
  }

  #freePlaces(): number {
    const { target } = this.#options
    // While the host is probed there is one place, and a probe that is only just claimed has it already.
    const concurrency = Math.min(target.concurrency, target.capacity()) - this.#carrying
    // Claiming costs a commit, so a few places that are left are filled together.
    return this.#carrying > 0 && concurrency < target.concurrency / 4 ? 0 : concurrency
  }

  #setOut(message: Claimed): void {
    this.#carrying += 1
    void this.#options.deliverClaimed(message, this.#options.target).finally(() => {
      this.#carrying -= 1
      this.wake()
    })
  }
}
