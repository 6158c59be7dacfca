import { SealError } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { ConsentKeepingStore, GrantStore, ResealedGrant, StoredGrant } from '../store/consent-store.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { BATCH, Housekeeping, type Batch } from '../store/maintenance.ts'
import type { Grant, GrantCodec } from './grant.ts'
import type { Refresher } from './refresher.ts'

/** A refresh token lives 30 days: what is not used for so long is refreshed in time, so that nobody is asked twice. */
const RENEW_BEFORE_MS = 7 * 24 * 60 * 60 * 1000
/** At one look, so that the token route is not stormed. */
const RENEW_AT_ONCE = 10
/** What could not be refreshed, or not be opened, keeps back no others for so long. */
const ASIDE_MS = 60 * 60 * 1000
/** So many are remembered. */
const MAX_ASIDE = 10_000

export type ConsentMaintenanceOptions = {
  store: ConsentKeepingStore & Pick<GrantStore, 'endingGrants'>
  clock: ClockWatch
  codec: GrantCodec
  /** Where consent is set up. */
  refresher: Refresher | undefined
  metrics: { grants: number | undefined }
  /** Told how many grants were brought under the newest key. */
  onResealed: (grants: number) => Promise<void>
  log: Logger
}

/** Keeps the house of consent: forgets what has expired, brings grants under the newest key, keeps their refresh tokens alive. */
export class ConsentMaintenance {
  readonly #options: ConsentMaintenanceOptions
  readonly #batches: Housekeeping
  /** Grants that are left alone, and until when. */
  readonly #aside = new Map<string, number>()

  constructor(options: ConsentMaintenanceOptions) {
    this.#options = options
    this.#batches = new Housekeeping(options.log)
  }

  start(): void {
    this.#batches.start(() => this.#look())
  }

  stop(): Promise<void> {
    return this.#batches.stop()
  }

  async #look(): Promise<void> {
    const { store, clock, refresher, onResealed } = this.#options
    for (const [id, until] of this.#aside) if (until <= performance.now()) this.#aside.delete(id)
    await this.#batches.tidy('expire', async () => ((await clock.mayDelete()) ? store.expire(BATCH) : 0))
    const resealed = await this.#batches.tidy('reseal', () => this.#reseal())
    if (resealed > 0) await onResealed(resealed)
    if (refresher !== undefined) await this.#batches.tidy('renew', () => this.#renew(refresher))
    await this.count()
  }

  /** Reads what the metrics show. */
  async count(): Promise<void> {
    const { store, metrics } = this.#options
    await this.#batches.tidy('count', async () => {
      metrics.grants = await store.countGrants()
      return 0
    })
  }

  async #reseal(): Promise<Batch> {
    const { store, codec } = this.#options
    const before = this.#aside.size
    const grants = await store.grantsUnderOthers(codec.primary, BATCH, [...this.#aside.keys()])
    const resealed: ResealedGrant[] = grants.flatMap((stored) =>
      this.#open(stored).map((grant) => ({
        id: stored.id,
        version: stored.version,
        ...codec.reseal(stored),
        names: codec.namesOf(grant),
      })),
    )
    const done = resealed.length > 0 ? await store.resealGrants(codec.primary, resealed) : 0
    return { done, isMore: grants.length >= BATCH && (done > 0 || this.#aside.size > before) }
  }

  async #renew(refresher: Refresher): Promise<number> {
    const ending = await this.#options.store.endingGrants(RENEW_BEFORE_MS, RENEW_AT_ONCE, [...this.#aside.keys()])
    for (const stored of ending) {
      for (const grant of this.#open(stored)) {
        const { kind } = await refresher.refresh(grant, { waits: false })
        if (kind === 'failed') this.#putAside(stored.id)
      }
    }
    return 0
  }

  #open(stored: StoredGrant): Grant[] {
    const { codec, log } = this.#options
    try {
      return [codec.open(stored)]
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      log.error({ event: 'store.sealed_row_unreadable', grant_id: stored.id, ...describeError(error) })
      this.#putAside(stored.id)
      return []
    }
  }

  #putAside(id: string): void {
    if (this.#aside.size < MAX_ASIDE) this.#aside.set(id, performance.now() + ASIDE_MS)
  }
}
