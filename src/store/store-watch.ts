import { withTimeout } from '../base/timeout.ts'
import type { Logger } from '../observability/log.ts'
import { describeStoreError } from './store-faults.ts'
import type { StoreEvents } from './store.ts'

const PROBE_EVERY_MS = 1000
/** Less than the time between two probes, so that the state follows within 2 s. */
const PROBE_TIMEOUT_MS = 900
/** A probe may hang as long as any call; later ones do not wait for it. */
const MAX_PROBES = 3

/**
 * Knows whether the store can be written to: from the outcome of every call, and from a small write each second. Only that write marks the
 * store as up again.
 */
export class StoreWatch implements StoreEvents {
  /** Called when the store fails, and again with every failing probe. */
  onAway: () => void = () => undefined
  /** Called when the store can be written to again. */
  onBack: () => void = () => undefined
  readonly #log: Logger
  #isUp = true
  #probeFailed = false
  #servedAt = 0
  #probesRunning = 0
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

  /** @param probe writes something to the store */
  start(probe: () => Promise<void>): void {
    this.#timer = setInterval(() => {
      if (this.#probesRunning < MAX_PROBES) void this.#probe(probe)
    }, PROBE_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #probe(probe: () => Promise<void>): Promise<void> {
    const begunAt = performance.now()
    this.#probesRunning += 1
    const running = probe()
      .then(() => {
        this.#succeed()
      })
      .finally(() => {
        this.#probesRunning -= 1
      })
    try {
      const answered = await withTimeout(PROBE_TIMEOUT_MS, running)
      // While other calls are served the probe is only queued behind them.
      if (answered === undefined && this.#servedAt < begunAt) this.#fail('no answer in time')
    } catch (error) {
      this.#fail(error)
    }
  }

  #succeed(): void {
    const wasAway = !this.#isUp
    if (this.#probeFailed || wasAway) this.#log.info({ event: 'store.up' })
    this.#probeFailed = false
    this.#isUp = true
    if (wasAway) this.onBack()
  }

  #fail(error: unknown): void {
    if (!this.#probeFailed) this.#log.warn({ event: 'store.away', ...describeStoreError(error) })
    this.#probeFailed = true
    this.#isUp = false
    this.onAway()
  }
}
