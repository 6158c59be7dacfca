import type { Logger } from '../observability/log.ts'
import type { ConsentMaintenanceStore, GrantStore, ResealedGrant, StoredGrant } from '../store/consent-store.ts'
import { BATCH, MaintenanceLoop, type Batch, type ClockWatch } from '../store/maintenance.ts'
import { openOrLog, type Grant, type GrantCodec } from './grant.ts'
import type { Refresher } from './refresher.ts'

/** Refresh tokens live 30 days. An unused grant is refreshed when less than this is left, so that the user need not consent again. */
const RENEW_BEFORE_MS = 7 * 24 * 60 * 60 * 1000
/** Refreshes per run, to keep the load on Divar's token route low. */
const RENEW_BATCH = 10
/** A grant that could not be refreshed or opened is skipped this long, so that it does not delay the others. */
const SKIP_MS = 60 * 60 * 1000
const MAX_SKIPPED = 10_000

export type ConsentMaintenanceOptions = {
  store: ConsentMaintenanceStore & Pick<GrantStore, 'findExpiringGrants'>
  clock: ClockWatch
  codec: GrantCodec
  /** Undefined when consent is not set up. */
  refresher: Refresher | undefined
  metrics: { grants: number | undefined }
  /** Called with the number of grants that were resealed with the newest key. */
  onResealed: (grants: number) => Promise<void>
  log: Logger
}

/** Deletes what has expired, reseals grants with the newest key, and refreshes unused grants before their refresh tokens expire. */
export class ConsentMaintenance {
  readonly #options: ConsentMaintenanceOptions
  readonly #batches: MaintenanceLoop
  /** Ids of skipped grants, and until when. */
  readonly #skipped = new Map<string, number>()

  constructor(options: ConsentMaintenanceOptions) {
    this.#options = options
    this.#batches = new MaintenanceLoop(options.log)
  }

  start(): void {
    this.#batches.start(() => this.#run())
  }

  stop(): Promise<void> {
    return this.#batches.stop()
  }

  async #run(): Promise<void> {
    const { store, clock, refresher, onResealed } = this.#options
    for (const [id, until] of this.#skipped) if (until <= performance.now()) this.#skipped.delete(id)
    await this.#batches.runBatches('expire', async () => ((await clock.mayDelete()) ? store.expire(BATCH) : 0))
    const resealed = await this.#batches.runBatches('reseal', () => this.#reseal())
    if (resealed > 0) await onResealed(resealed)
    if (refresher !== undefined) await this.#batches.runBatches('renew', () => this.#renew(refresher))
    await this.count()
  }

  /** Reads the gauge `kenar_grants`. */
  async count(): Promise<void> {
    const { store, metrics } = this.#options
    await this.#batches.runBatches('count', async () => {
      metrics.grants = await store.countGrants()
      return 0
    })
  }

  async #reseal(): Promise<Batch> {
    const { store, codec } = this.#options
    const before = this.#skipped.size
    const grants = await store.findGrantsUnderOtherKeys(codec.primary, BATCH, [...this.#skipped.keys()])
    const resealed: ResealedGrant[] = grants.flatMap((stored) =>
      this.#open(stored).map((grant) => ({
        id: stored.id,
        version: stored.version,
        ...codec.reseal(stored),
        names: codec.namesOf(grant),
      })),
    )
    const done = resealed.length > 0 ? await store.resealGrants(codec.primary, resealed) : 0
    return { done, isMore: grants.length >= BATCH && (done > 0 || this.#skipped.size > before) }
  }

  async #renew(refresher: Refresher): Promise<number> {
    const ending = await this.#options.store.findExpiringGrants(RENEW_BEFORE_MS, RENEW_BATCH, [...this.#skipped.keys()])
    for (const stored of ending) {
      for (const grant of this.#open(stored)) {
        const { kind } = await refresher.refresh(grant, { waits: false })
        if (kind === 'failed') this.#skip(stored.id)
      }
    }
    return 0
  }

  #open(stored: StoredGrant): Grant[] {
    const { codec, log } = this.#options
    const grant = openOrLog(codec, stored, log)
    if (grant === undefined) this.#skip(stored.id)
    return grant === undefined ? [] : [grant]
  }

  #skip(id: string): void {
    if (this.#skipped.size < MAX_SKIPPED) this.#skipped.set(id, performance.now() + SKIP_MS)
  }
}
