import { createPoller, type Poller } from '../base/poller.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import { describeStoreError } from '../store/store-faults.ts'
import {
  isPaced,
  isToDivar,
  StoreError,
  type Claim,
  type Claimed,
  type OutboxStore,
  type Wire,
} from '../store/store.ts'
import type { Pacing } from './pacing.ts'

/** Poll interval when nothing wakes the worker: another gateway's notification may have been lost. */
const POLL_EVERY_MS = 2000
/** Poll interval while the store is away. */
const STORE_RETRY_MS = 1000
/** When a due message cannot be claimed, another gateway has just claimed it. */
const CLAIMED_ELSEWHERE_RETRY_MS = 50

/** Deliveries that start together share the commit of their begin. With few places there is little to share. */
const MAX_START_EVERY_MS = 10

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
  /** Undefined without limits of the app's own. */
  pacing: Pacing | undefined
  /** Makes and commits one delivery when it has a slot, or releases the message when it gets none. Never rejects. */
  deliverClaimed: (
    message: Claimed,
    target: DeliveryTarget,
    claimedAt: number,
    hasSlot: Promise<boolean>,
  ) => Promise<void>
  /** Queues a claimed message again. Never rejects. */
  release: (id: string) => Promise<void>
  log: Logger
}

export type Worker = Pick<Poller, 'wake' | 'stop'>

/**
 * Claims due messages of one target and delivers them, up to the target's concurrency. A quarter more is claimed ahead, so that no slot
 * waits for a claim.
 */
export function createWorker(options: WorkerOptions): Worker {
  const { store, owner, probeLeaseMs, target, rateLimitHold, pacing, deliverClaimed, release, log } = options
  const { wires, concurrency } = target
  // Each claim costs a commit, so several slots are filled at once; with many slots a small share, since those wait empty.
  const refillAt = Math.min(concurrency / 4, Math.max(concurrency / 16, 16))
  // A paced message that waits too long is counted twice, so where the app has limits nothing is claimed ahead.
  const claimAhead = pacing !== undefined && wires.some(isPaced) ? 0 : Math.floor(concurrency / 4)
  const startEveryMs = Math.min(concurrency / 4, MAX_START_EVERY_MS)
  /** Claimed messages without a slot, the oldest first. */
  const waiting: ((hasSlot: boolean) => void)[] = []
  let startTimer: NodeJS.Timeout | undefined
  let running = 0
  let storeAway = false
  /** Index of the wire that is claimed first. */
  let firstWire = 0

  /** Claims due messages and starts their deliveries. @returns milliseconds until the next poll */
  const poll = async (): Promise<number> => {
    try {
      return await claimAllWires()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (!storeAway) log.error({ event: 'store.failed', what: 'claim', ...describeStoreError(error) })
      storeAway = true
      return STORE_RETRY_MS
    }
  }

  const claimAllWires = async (): Promise<number> => {
    let nextInMs = POLL_EVERY_MS
    // The wire claimed last comes last, so that a backlog, or a probe of the rate limit, on one does not starve another.
    for (const wire of [...wires.slice(firstWire), ...wires.slice(0, firstWire)]) {
      if (poller.isStopped()) return nextInMs
      const free = countClaimable()
      // A delivery that ends wakes the worker; a breaker that may be probed does not.
      if (free <= 0) return target.capacity() === 0 ? Math.max(target.opensInMs(), 1) : nextInMs
      nextInMs = Math.min(nextInMs, await claimWire(wire, free))
    }
    storeAway = false
    return nextInMs
  }

  const claimWire = async (wire: Wire, limit: number): Promise<number> => {
    // The hold may not be committed yet; claiming now would only release and re-claim.
    const heldMs = isToDivar(wire) ? Math.max(rateLimitHold.leftMs(), pacing?.leftMs(wire) ?? 0) : 0
    if (heldMs > 0) return heldMs
    const claimedAt = performance.now()
    // All others, of other gateways too, would wait for a probe that waits here.
    const mayProbe = running + waiting.length < concurrency
    const claim = await store.claim(owner, wire, limit, { probeLeaseMs, mayProbe, limits: pacing?.limits })
    if (isToDivar(wire)) rateLimitHold.logClaim(claim)
    pacing?.noteClaim(wire, claim)
    const { messages, nextInMs = POLL_EVERY_MS } = claim
    if (messages.length === 0) return Math.max(nextInMs, CLAIMED_ELSEWHERE_RETRY_MS)
    firstWire = wires.indexOf(wire) + 1
    if (poller.isStopped()) await Promise.all(messages.map(({ id }) => release(id)))
    else for (const message of messages) void deliverClaimed(message, target, claimedAt, takeSlot()).finally(returnSlot)
    return nextInMs
  }

  /** How many messages may be claimed now; 0 while so few slots are free that a claim is not worth its commit. */
  const countClaimable = (): number => {
    const free = Math.min(concurrency + claimAhead, target.capacity()) - running - waiting.length
    return running > 0 && free < refillAt ? 0 : free
  }

  const takeSlot = (): Promise<boolean> => {
    if (running === concurrency || waiting.length > 0) return new Promise((resolve) => waiting.push(resolve))
    running += 1
    return Promise.resolve(true)
  }

  const returnSlot = (): void => {
    running -= 1
    if (waiting.length > 0) startTimer ??= setTimeout(startWaiting, startEveryMs)
    poller.wake()
  }

  const startWaiting = (): void => {
    startTimer = undefined
    for (const next of waiting.splice(0, concurrency - running)) {
      running += 1
      next(true)
    }
  }

  const poller = createPoller(poll)
  return {
    wake: poller.wake,
    /** Claims no more, and gives no more slots. Deliveries that run go on. */
    stop: async () => {
      for (const next of waiting.splice(0)) next(false)
      await poller.stop()
    },
  }
}

/** The workers of all targets. */
export class Workers {
  readonly #all: Worker[] = []

  add(worker: Worker): void {
    this.#all.push(worker)
  }

  /** Call this when a message may have become due. */
  readonly wake = (): void => {
    for (const worker of this.#all) worker.wake()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.stop()))
  }
}

/** How soon to check again while a hold is being committed. */
const COMMIT_RETRY_MS = 50
/** Smaller differences between two holds are noise: the store's clock and ours are read a moment apart. */
const SAME_MS = 2000

/** Divar's rate limit as this process knows it. Holds deliveries back here until the store, which does so for all, has committed it. */
export class RateLimitHold {
  /** How many rate limits were met. */
  limitsMet = 0
  /** When this process last learned of a limit, by the monotonic clock; undefined after a delivery since. */
  limitedAt: number | undefined
  readonly #log: Logger
  #committing = 0
  #until = 0
  #loggedUntil: number | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Holds deliveries back while `commit` stores a hold. */
  async whileCommitting<Result>(commit: () => Promise<Result>): Promise<Result> {
    this.limitsMet += 1
    this.limitedAt = performance.now()
    this.#committing += 1
    try {
      return await commit()
    } finally {
      this.#committing -= 1
    }
  }

  /** Holds deliveries of this process, when the store cannot take the hold. */
  holdFor(ms: number): void {
    this.#until = Math.max(this.#until, performance.now() + ms)
  }

  /** Milliseconds for which nothing may begin here, whatever the store says; 0 when the store decides. */
  leftMs(): number {
    return Math.max(this.#until - performance.now(), this.#committing > 0 ? COMMIT_RETRY_MS : 0)
  }

  /** Logs when a hold begins, is probed and ends, by what the store answers to each claim. */
  logClaim({ heldMs, messages }: Claim): void {
    if (heldMs === undefined) {
      if (this.#loggedUntil !== undefined) this.#log.info({ event: 'outbox.resumed' })
      this.#loggedUntil = undefined
      return
    }
    const [probe] = messages
    if (probe !== undefined) this.#log.info({ event: 'outbox.probing', message_id: probe.id, paused_ms: heldMs })
    const until = performance.now() + heldMs
    this.limitedAt ??= performance.now()
    const isKnown = heldMs === 0 || (this.#loggedUntil !== undefined && until < this.#loggedUntil + SAME_MS)
    if (isKnown) return
    this.#log.warn({ event: 'outbox.paused', paused_ms: heldMs })
    this.#loggedUntil = until
  }
}
