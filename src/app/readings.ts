import type { GrantCodec } from '../consent/grant.ts'
import type { AttentionSources } from '../operations/attention.ts'
import type { BackupOptions } from '../outbox/maintenance.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Pacing } from '../outbox/pacing.ts'
import type { StoreWatch } from '../store/store-watch.ts'
import { EVENTS_CALLER, type Store } from '../store/store.ts'
import type { Notes } from '../timeline/notes.ts'
import type { SubscriptionParts } from './subscriptions.ts'

/** What `GET /attention` needs of the store and its parts. */
export type StoreReadings = Omit<AttentionSources, 'breakers' | 'linesLost' | 'lastDays'>

type Parts = {
  store: Store
  outbox: Outbox
  pacing: Pacing | undefined
  codec: GrantCodec
  subscriptions: SubscriptionParts
  watch: StoreWatch
  backup: BackupOptions | undefined
  /** Undefined without a timeline. */
  notes: Notes | undefined
}

export function storeReadings({
  store,
  outbox,
  pacing,
  codec,
  subscriptions,
  watch,
  backup,
  notes,
}: Parts): StoreReadings {
  const { metrics } = outbox
  const fresh = <Value>(value: Value): Value | undefined => (watch.isUp() ? value : undefined)
  return {
    isStoreUp: watch.isUp,
    read: store.readAttention,
    queued: () => {
      const waiting = fresh(metrics.queued)?.filter(({ caller }) => caller !== EVENTS_CALLER)
      return (
        waiting && {
          messages: waiting.reduce((sum, { messages }) => sum + messages, 0),
          oldestMs: Math.max(...waiting.map(({ oldestMs }) => oldestMs), 0),
        }
      )
    },
    pacingWaitMs: () => pacing?.waitMs() ?? 0,
    isClockDoubted: () => metrics.clock.isClockDoubted,
    unreadableGrants: () => codec.unreadable.size,
    unopenedRows: () => metrics.unopened.read().reduce((sum, { value }) => sum + value, 0),
    subscriptions: () => fresh(subscriptions.metrics.subscriptions),
    notesDropped: () => notes?.dropped() ?? 0,
    lastBackupAt: () => metrics.lastBackupAt,
    backupEveryMs: backup?.everyMs,
  }
}
