import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError, type Claimed, type OutboxStore, type Wire } from '../store/store.ts'
import type { RateLimitHold } from './rate-limit-hold.ts'

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

export type DeliveryWorker = ReturnType<typeof createWorker>

/** Claims due messages of one target and delivers them, up to the target's concurrency. */
export function createWorker(options: WorkerOptions) {
  const { store, owner, probeLeaseMs, target, rateLimitHold, deliverClaimed, log } = options
  const { wires, concurrency } = target
  let running = 0
  let polling: Promise<void> | undefined
  let pollAgain = false
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let storeAway = false
  /** Index of the wire that is claimed first. */
  let firstWire = 0

  /** Polls now, or as soon as the current poll is over. */
  const wake = (): void => {
    if (stopped) return
    if (polling !== undefined) {
      pollAgain = true
      return
    }
    clearTimeout(timer)
    polling = poll().then((nextInMs) => {
      polling = undefined
      if (pollAgain) {
        pollAgain = false
        wake()
      } else if (!stopped) timer = setTimeout(wake, nextInMs)
    })
  }

  /** Claims due messages and starts their deliveries. @returns milliseconds until the next poll */
  const poll = async (): Promise<number> => {
    let nextInMs = POLL_EVERY_MS
    try {
      // The wire claimed last comes last, so that a backlog, or a probe of the rate limit, on one does not starve another.
      for (const wire of [...wires.slice(firstWire), ...wires.slice(0, firstWire)]) {
        const free = freeSlots()
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
        if (claim.messages.length > 0) firstWire = wires.indexOf(wire) + 1
        for (const message of claim.messages) start(message)
        const waitMs = claim.nextInMs ?? nextInMs
        nextInMs = Math.min(nextInMs, claim.messages.length > 0 ? waitMs : Math.max(waitMs, CLAIMED_ELSEWHERE_RETRY_MS))
      }
      storeAway = false
      return nextInMs
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (!storeAway) log.error({ event: 'store.failed', what: 'claim', ...describeStoreError(error) })
      storeAway = true
      return STORE_RETRY_MS
    }
  }

  const freeSlots = (): number => {
    const free = Math.min(concurrency, target.capacity()) - running
    // Each claim costs a commit, so slots are filled by the quarter.
    return running > 0 && free < concurrency / 4 ? 0 : free
  }

  const start = (message: Claimed): void => {
    running += 1
    void deliverClaimed(message, target).finally(() => {
      running -= 1
      wake()
    })
  }

  return {
    wake,
    /** Stops claiming; resolves when no poll is running. Deliveries that run go on. */
    stop: async (): Promise<void> => {
      stopped = true
      clearTimeout(timer)
      await polling
    },
  }
}
