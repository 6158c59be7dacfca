import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from './store-faults.ts'
import type { Store, StoreEvents } from './store.ts'

/** Where the store is, as DATABASE_URL says. */
export type DatabaseAddress = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

/**
 * How long each address but the last of PostgreSQL's name is waited for: half of what a connection gets. Node's default is 250 ms, less than a
 * handshake can take, and the driver has no option for it. Calls to others connect in their own way (outbound/pool.ts).
 */
const ADDRESS_TIMEOUT_MS = 1500

const PROBE_EVERY_MS = 1000
/** Less than the time between two probes, so that the state follows within 2 s. */
const PROBE_TIMEOUT_MS = 900
/** A probe may hang as long as any call; later ones do not wait for it. */
const MAX_PROBES = 3

/**
 * Opens the store and brings its schema up to date.
 * @throws StoreSetupError with a message for the operator
 */
export async function openStore(
  address: DatabaseAddress,
  log: Logger,
  events: StoreEvents = { onFailed: () => undefined, onServed: () => undefined },
): Promise<Store> {
  // Loading a driver takes a good part of the start, so only the needed one is loaded.
  if (address.kind === 'postgres') {
    setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_TIMEOUT_MS)
    return (await import('./postgres/open.ts')).openPostgres(address.url, log, events)
  }
  return (await import('./sqlite/store.ts')).openSqliteStore(address.file, events)
}

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
