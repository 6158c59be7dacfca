import type { Logger } from '../observability/log.ts'
import type { ConsentMaintenanceStore, GrantStore, StoredGrant } from '../store/consent-store.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { BATCH, MaintenanceLoop, SkippedRows, type Batch } from '../store/maintenance.ts'
import { openOrLog, type Grant, type GrantCodec } from './grant.ts'
import type { Refresher } from './refresher.ts'

/** Refresh tokens live 30 days. An unused grant is refreshed when less than this is left, so that the user need not consent again. */
const RENEW_BEFORE_MS = 7 * 24 * 60 * 60 * 1000
/** Refreshes per run, to keep the load on Divar's token route low. */
const RENEW_BATCH = 10

type ConsentMaintenanceOptions = {
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
export function createConsentMaintenance(options: ConsentMaintenanceOptions) {
  const { store, clock, codec, refresher, metrics, onResealed, log } = options
  const loop = new MaintenanceLoop(log)
  /** Grants that could not be refreshed or opened. */
  const skipped = new SkippedRows()

  const open = (stored: StoredGrant): Grant[] => {
    const grant = openOrLog(codec, stored, log)
    if (grant === undefined) skipped.add(stored.id)
    return grant === undefined ? [] : [grant]
  }

  const runTasks = async () => {
    skipped.forgetOld()
    await loop.runBatches('expire', async () => ((await clock.mayDelete()) ? store.expire(BATCH) : 0))
    const resealed = await loop.runBatches('reseal', reseal)
    if (resealed > 0) await onResealed(resealed)
    if (refresher !== undefined) await loop.runTask('renew', () => renew(refresher))
    await count()
  }

  /** Reads the gauge `kenar_grants`. */
  const count = () =>
    loop.runTask('count', async () => {
      metrics.grants = await store.countGrants()
    })

  const reseal = async (): Promise<Batch> => {
    const before = skipped.size
    const grants = await store.findGrantsUnderOtherKeys(codec.primary, BATCH, skipped.ids())
    const resealed = grants.flatMap((stored) =>
      open(stored).map((grant) => {
        const { id, version } = grant
        return { id, version, ...codec.reseal(stored), names: codec.namesOf(grant) }
      }),
    )
    const done = resealed.length > 0 ? await store.resealGrants(codec.primary, resealed) : 0
    return { done, isMore: grants.length >= BATCH && (done > 0 || skipped.size > before) }
  }

  const renew = async ({ refresh }: Refresher) => {
    const ending = await store.findExpiringGrants(RENEW_BEFORE_MS, RENEW_BATCH, skipped.ids())
    for (const grant of ending.flatMap(open)) {
      const { kind } = await refresh(grant, { waits: false })
      if (kind === 'failed') skipped.add(grant.id)
    }
  }

  return {
    start: (): void => {
      loop.start(runTasks)
    },
    stop: () => loop.stop(),
    count,
  }
}
