import { withTimeout } from '../base/timeout.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'
import type { ClaimedSubscription, SubscriptionStore } from '../store/subscription-store.ts'
import type { Finish } from './register-claimed.ts'

/**
 * Registrations that run at once, at most. Those that wait for the refresh of one grant go out together after it: so few need no pace of their own,
 * since the queue keeps the rate over any longer time, and a 429 closes it.
 */
const MAX_RUNNING = 8
/** How often to look for subscriptions that are due, and for grants that have changed. */
const LOOK_EVERY_MS = 1000
const MARK_EVERY_MS = 2000
/** After a failure of the store. */
const REST_MS = 5000
const STOP_WAIT_MS = 2000

type RenewerOptions = {
  store: Pick<SubscriptionStore, 'claimSubscription' | 'finishSubscription' | 'markSubscriptionsDue'>
  registerClaimed: (claimed: ClaimedSubscription) => Promise<Finish>
  /** Identifies this gateway as the holder of a lease. */
  owner: string
  /** Longer than a registration and the refresh before it may take. */
  leaseMs: number
  log: Logger
}

/**
 * Registers subscriptions at Divar that are due: new ones, those whose grant has changed, and those whose token is about to expire. The queue in
 * the store lets all gateways together register at most five a second. A registration whose outcome could not be committed is made again when
 * its lease ends, which is harmless.
 */
export class Renewer {
  readonly #options: RenewerOptions
  readonly #running = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isWokenUp = false
  #isStopped = false
  #markAt = 0

  constructor(options: RenewerOptions) {
    this.#options = options
  }

  start(): void {
    this.wake()
  }

  /** Looks for what is due at once. */
  readonly wake = (): void => {
    if (this.#isStopped) return
    this.#isWokenUp = true
    if (this.#looking !== undefined) return
    clearTimeout(this.#timer)
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
    })
  }

  /** Begins no further registration; resolves once the running ones are committed. */
  async drain(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#looking
    await Promise.all(this.#running)
  }

  async stop(): Promise<void> {
    await withTimeout(STOP_WAIT_MS, this.drain())
  }

  async #look(): Promise<void> {
    let waitMs: number
    do {
      this.#isWokenUp = false
      waitMs = await this.#claimNext().catch((error: unknown) => this.#rest('claimSubscription', error))
    } while (this.#isNext(waitMs))
    this.#lookAgainIn(waitMs)
  }

  #isNext(waitMs: number): boolean {
    return !this.#isStopped && (waitMs === 0 || this.#isWokenUp)
  }

  #lookAgainIn(ms: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(this.wake, ms)
  }

  /** @returns how long to wait before the next claim */
  async #claimNext(): Promise<number> {
    const { store, owner, leaseMs } = this.#options
    if (this.#running.size >= MAX_RUNNING) await Promise.race(this.#running)
    if (performance.now() >= this.#markAt) {
      this.#markAt = performance.now() + MARK_EVERY_MS
      // What is due already can still be registered.
      await store.markSubscriptionsDue().catch((error: unknown) => this.#rest('markSubscriptionsDue', error))
    }
    if (this.#isStopped) return LOOK_EVERY_MS
    const claim = await store.claimSubscription(owner, leaseMs)
    if (claim.kind === 'none') return Math.min(Math.max(claim.nextInMs ?? LOOK_EVERY_MS, 1), LOOK_EVERY_MS)
    const running = this.#register(claim.subscription).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return 0
  }

  async #register(claimed: ClaimedSubscription): Promise<void> {
    const { store, registerClaimed, owner } = this.#options
    try {
      await store.finishSubscription({ ...(await registerClaimed(claimed)), owner })
    } catch (error) {
      // The lease ends by itself.
      this.#rest('finishSubscription', error)
    }
  }

  #rest(what: string, error: unknown): number {
    const described = error instanceof StoreError ? describeStoreError(error) : describeError(error)
    this.#options.log.error({ event: 'store.failed', what, ...described })
    return REST_MS
  }
}
