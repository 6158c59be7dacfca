import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError, type Claimed, type OutboxStore, type Wire } from '../store/store.ts'
import type { RateLimitHold } from './retry-policy.ts'

/** Poll interval when nothing wakes the worker: another gateway's notification may have been lost. */
const POLL_EVERY_MS = 2000
/** Poll interval while the store is away. */
const STORE_RETRY_MS = 1000
/** When a due message cannot be claimed, another gateway has just claimed it. */
const CLAIMED_ELSEWHERE_RETRY_MS = 50

/** A host that messages are delivered to, with its limits. */
export type DeliveryTarget = {
  wires: readonly Wire[]
  /** Maximum number of concurrent deliveries. */
  concurrency: number
  /** Makes one delivery of an opened payload. Never rejects. */
  deliver: (id: string, content: string, trace: Trace) => Promise<Outcome>
  /** How many deliveries its breaker lets through now: 0 while open, 1 to probe, or Infinity. */
  capacity: () => number
  /** Milliseconds until the breaker lets a probe through; 0 when it does now. */
  opensInMs: () => number
}

export type WorkerOptions = {
  store: OutboxStore
  owner: string
  /** How long the message that probes Divar's rate limit may take, in milliseconds. */
  probeLeaseMs: number
  target: DeliveryTarget
  rateLimitHold: RateLimitHold
  /** Makes and commits one delivery. Never rejects. */
  deliverClaimed: (message: Claimed, target: DeliveryTarget) => Promise<void>
  log: Logger
}

/** Claims due messages of one target and delivers them, up to the target's concurrency. */
export class DeliveryWorker {
  readonly #options: WorkerOptions
  #running = 0
  #polling: Promise<void> | undefined
  #pollAgain = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #storeAway = false
  /** Index of the wire that is claimed first. */
  #firstWire = 0

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** Polls now, or as soon as the current poll is over. */
  wake(): void {
    if (this.#stopped) return
    if (this.#polling !== undefined) {
      this.#pollAgain = true
      return
    }
    clearTimeout(this.#timer)
    this.#polling = this.#poll().then((nextInMs) => {
      this.#polling = undefined
      if (this.#pollAgain) {
        this.#pollAgain = false
        this.wake()
      } else this.#wakeIn(nextInMs)
    })
  }

  /** Stops claiming; resolves when no poll is running. Deliveries that run go on. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#polling
  }

  #wakeIn(ms: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.wake()
    }, ms)
  }

  /** Claims due messages and starts their deliveries. @returns milliseconds until the next poll */
  async #poll(): Promise<number> {
    const { store, owner, probeLeaseMs, target, rateLimitHold, log } = this.#options
    let nextInMs = POLL_EVERY_MS
    try {
      for (const wire of this.#wiresInTurn()) {
        const free = this.#freeSlots()
        // A delivery that ends wakes the worker; a breaker that may be probed does not.
        if (free <= 0) return target.capacity() === 0 ? Math.max(target.opensInMs(), 1) : nextInMs
        // The hold may not be committed yet; claiming now would only release and re-claim.
        const heldMs = wire === 'webhook' ? 0 : rateLimitHold.leftMs()
        if (heldMs > 0) {
          nextInMs = Math.min(nextInMs, heldMs)
          continue
        }
        const claim = await store.claim(owner, wire, free, probeLeaseMs)
        if (wire !== 'webhook') rateLimitHold.logClaim(claim)
        if (claim.messages.length > 0) this.#firstWire = target.wires.indexOf(wire) + 1
        for (const message of claim.messages) this.#start(message)
        const waitMs = claim.nextInMs ?? nextInMs
        nextInMs = Math.min(nextInMs, claim.messages.length > 0 ? waitMs : Math.max(waitMs, CLAIMED_ELSEWHERE_RETRY_MS))
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

  /** The wire claimed last comes last, so that a backlog, or a probe of the rate limit, on one does not starve another. */
  #wiresInTurn(): readonly Wire[] {
    const { wires } = this.#options.target
    return [...wires.slice(this.#firstWire), ...wires.slice(0, this.#firstWire)]
  }

  #freeSlots(): number {
    const { target } = this.#options
    const free = Math.min(target.concurrency, target.capacity()) - this.#running
    // Each claim costs a commit, so slots are filled by the quarter.
    return this.#running > 0 && free < target.concurrency / 4 ? 0 : free
  }

  #start(message: Claimed): void {
    this.#running += 1
    void this.#options.deliverClaimed(message, this.#options.target).finally(() => {
      this.#running -= 1
      this.wake()
    })
  }
}
