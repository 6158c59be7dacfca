import type { Deliver } from '../divar/deliver.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { isPaced, type Claim, type Claimed, type SendLimits, type Store, type Wire } from '../store/store.ts'

/** Longest time without another look at the counts: sends that other gateways counted may be too few or too many. */
const LOOK_EVERY_MS = 2000
/** Sends without a claim are counted this often. */
const COUNT_EVERY_MS = 1000
/** A stop waits for the last count this long. */
const LAST_COUNT_WAIT_MS = 1000
/** Of the 3 s that a claimed message has to reach Divar (`ARRIVE_WITHIN_MS`), the request itself gets the last. */
const COUNT_AGAIN_AFTER_MS = 2000
/** After this time without a message that is held back, the queue has caught up. */
const CAUGHT_UP_AFTER_MS = 10_000

type PacingOptions = { store: Pick<Store, 'countSends'>; limits: SendLimits; log: Logger }

/** Keeps queued messages under the app's own limits. The store decides for all gateways; this is what one of them knows and adds. */
export class Pacing {
  readonly limits: SendLimits
  readonly #store: PacingOptions['store']
  readonly #log: Logger
  /** When to look again, for each wire with a message that is held back; by the monotonic clock. */
  readonly #lookAt = new Map<Wire, number>()
  /** When the next send may begin, and when a message was last found to be held back. */
  #nextAt = 0
  #heldAt: number | undefined
  /** Sends that are not counted yet. */
  #uncounted = 0
  #timer: NodeJS.Timeout | undefined
  readonly #countAgain: (message: Claimed) => Promise<boolean>

  constructor({ store, limits, log }: PacingOptions) {
    this.limits = limits
    this.#store = store
    this.#log = log
    this.#countAgain = batched(async (messages: readonly Claimed[]) => {
      await store.countSends(messages.length, limits)
      return messages.map(() => true)
    }, GROUP_COMMIT)
  }

  /** Milliseconds for which a claim of this wire would find no room; 0 when the store decides. */
  leftMs(wire: Wire): number {
    return Math.max((this.#lookAt.get(wire) ?? 0) - performance.now(), 0)
  }

  /** Milliseconds until the next queued message goes; 0 when none is held back. */
  readonly waitMs = (): number => {
    const now = performance.now()
    const isHeld = this.#lookAt.size > 0 && this.#nextAt + LOOK_EVERY_MS > now
    return isHeld ? Math.max(this.#nextAt - now, 1) : 0
  }

  /** Notes what the store answered to a claim. Logs when the limits begin to hold messages back, and when the queue has caught up. */
  noteClaim(wire: Wire, { pacedMs, nextInMs }: Claim): void {
    const now = performance.now()
    if (pacedMs !== undefined) {
      this.#lookAt.set(wire, now + Math.min(pacedMs, LOOK_EVERY_MS))
      this.#nextAt = now + pacedMs
      if (this.#heldAt === undefined) this.#log.info({ event: 'outbox.paced', wait_ms: Math.round(pacedMs) })
      this.#heldAt = now
      return
    }
    // With 0, more messages are due, which the next claim may find to be held back.
    if (nextInMs !== 0) this.#lookAt.delete(wire)
    if (this.#heldAt === undefined || this.#lookAt.size > 0 || now < this.#heldAt + CAUGHT_UP_AFTER_MS) return
    this.#heldAt = undefined
    this.#log.info({ event: 'outbox.caught_up' })
  }

  /**
   * Call this before a claimed message is sent. One that was claimed too long ago would arrive in a minute of Divar's that its claim is not
   * counted in, so it is counted again. @returns whether it may be sent
   */
  async mayStillSend(message: Claimed, claimedAt: number): Promise<boolean> {
    if (!isPaced(message.wire) || performance.now() - claimedAt < COUNT_AGAIN_AFTER_MS) return true
    return this.#countAgain(message).catch((error: unknown) => {
      this.#warn(error)
      return false
    })
  }

  /** Counts each request as a send, in batches beside it. `isCounted`: the first one was counted in the claim. */
  counting(deliver: Deliver, { isCounted = false } = {}): Deliver {
    let counted = isCounted
    return async (...delivery) => {
      const outcome = await deliver(...delivery)
      if (counted) counted = false
      else if (isSent(outcome)) this.#count()
      return outcome
    }
  }

  /** Counts what is left. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await withTimeout(LAST_COUNT_WAIT_MS, this.#commitCount())
  }

  #count(): void {
    this.#uncounted += 1
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#commitCount()
    }, COUNT_EVERY_MS)
  }

  /** A count that fails is lost: Divar's own limit still holds. */
  async #commitCount(): Promise<void> {
    const sends = this.#uncounted
    this.#uncounted = 0
    if (sends === 0) return
    await this.#store.countSends(sends, this.limits).catch((error: unknown) => {
      this.#warn(error)
    })
  }

  #warn(error: unknown): void {
    this.#log.warn({ event: 'store.failed', what: 'count of sends', ...describeStoreError(error) })
  }
}

/** Nothing is sent while a breaker is open, or without a connection. */
function isSent({ kind }: Outcome): boolean {
  return kind !== 'unavailable' && kind !== 'not_sent'
}
