import type { Logger } from '../observability/log.ts'
import { BATCH, MaintenanceLoop, SkippedRows, type Batch } from '../store/maintenance.ts'
import { openOrLog } from '../store/store-faults.ts'
import type { SubscriptionState, SubscriptionStore } from '../store/subscription-store.ts'
import type { SubscriptionCodec } from './subscription.ts'

type MaintenanceOptions = {
  store: Pick<SubscriptionStore, 'findSubscriptionsUnderOtherKeys' | 'resealSubscriptions' | 'countSubscriptions'>
  codec: SubscriptionCodec
  metrics: { subscriptions: Record<SubscriptionState, number> | undefined }
  /** Called with the number of subscriptions that were resealed with the newest key. */
  onResealed: (rows: number) => Promise<void>
  log: Logger
}

/** Reseals subscriptions with the newest key, and counts them for the gauge `kenar_subscriptions`. */
export function createSubscriptionMaintenance({ store, codec, metrics, onResealed, log }: MaintenanceOptions) {
  const loop = new MaintenanceLoop(log)
  const skipped = new SkippedRows()

  const count = () =>
    loop.runTask('count subscriptions', async () => {
      metrics.subscriptions = await store.countSubscriptions()
    })

  const reseal = async (): Promise<Batch> => {
    const before = skipped.size
    const found = await store.findSubscriptionsUnderOtherKeys(codec.primary, BATCH, skipped.ids())
    const resealed = found.flatMap((row) => {
      const { id, caller, revision } = row
      const opened = openOrLog(() => codec.open(row), { subscription_id: id }, log)
      if (opened === undefined) {
        skipped.add(id)
        return []
      }
      const { wanted, failure } = opened
      const content = codec.seal(id, caller, wanted, failure)
      return [{ id, revision, content, macs: codec.macs(caller, wanted), names: codec.names(wanted) }]
    })
    const done = resealed.length > 0 ? await store.resealSubscriptions(resealed) : 0
    return { done, isMore: found.length >= BATCH && (done > 0 || skipped.size > before) }
  }

  const runTasks = async () => {
    skipped.forgetOld()
    const resealed = await loop.runBatches('reseal subscriptions', reseal)
    if (resealed > 0) await onResealed(resealed)
    await count()
  }

  return {
    start: (): void => {
      loop.start(runTasks)
    },
    stop: () => loop.stop(),
    count,
  }
}
