import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from './store-faults.ts'

const PROVE_EVERY_MS = 1000
/** Less than the time between two proofs, so that the state follows within 2 s. */
const PROOF_TIMEOUT_MS = 900
/** A proof may hang for as long as any call; the next ones need not wait for it. */
const MAX_PROOFS = 3

/** What the parts that reach the database report. */
export type StoreEvents = {
  /** A call failed, or missed its deadline, in a way that says that the store is not well. */
  onFailed: () => void
  /** The database answered. */
  onServed: () => void
}

/**
 * Knows whether the store can be written to, without asking it: from the outcome of every call, and from a small write each second, which
 * alone says that it is back.
 */
export class StoreWatch implements StoreEvents {
  /** Called when the store is away, and again with every proof that fails: what was read of it is old. */
  onAway: () => void = () => undefined
  /** Called when it can be written to again. */
  onBack: () => void = () => undefined
  readonly #log: Logger
  #isUp = true
  #proofFailed = false
  #servedAt = 0
  #proofs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  readonly isUp = (): boolean => this.#isUp

  readonly onFailed = (): void => {
    const wasUp = this.#isUp
    this.#isUp = false
    if (wasUp) this.onAway()
  }

  readonly onServed = (): void => {
    this.#servedAt = performance.now()
  }

  /** @param prove writes something to the store */
  start(prove: () => Promise<void>): void {
    this.#timer = setInterval(() => {
      if (this.#proofs < MAX_PROOFS) void this.#prove(prove)
    }, PROVE_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #prove(prove: () => Promise<void>): Promise<void> {
    const begunAt = performance.now()
    this.#proofs += 1
    const proof = prove()
      .then(() => {
        this.#succeed()
      })
      .finally(() => {
        this.#proofs -= 1
      })
    try {
      const proven = await withTimeout(PROOF_TIMEOUT_MS, proof)
      // While others are served it only stands behind them.
      if (proven === undefined && this.#servedAt < begunAt) this.#fail('no answer in time')
    } catch (error) {
      this.#fail(error)
    }
  }

  #succeed(): void {
    const wasAway = !this.#isUp
    if (this.#proofFailed || wasAway) this.#log.info({ event: 'store.up' })
    this.#proofFailed = false
    this.#isUp = true
    if (wasAway) this.onBack()
  }

  #fail(error: unknown): void {
    if (!this.#proofFailed) this.#log.warn({ event: 'store.away', ...describeStoreError(error) })
    this.#proofFailed = true
    this.#isUp = false
    this.onAway()
  }
}
