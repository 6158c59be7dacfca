import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { Logger } from '../observability/log.ts'
import type { Spans } from '../observability/trace.ts'
import type { ClockStatus, ClockWatch } from '../store/clock-watch.ts'
import { StoreSetupError, type Changed, type MessageFilter, type Store } from '../store/store.ts'
import { createBulkActs } from './bulk-acts.ts'
import { createCancel } from './cancel.ts'
import { Backlog, createAccept, createEnqueue } from './enqueue.ts'
import { createEnqueueEvent } from './events.ts'
import { createClaimedDelivery, createDeliveryMetrics, type DeliveryMetrics } from './deliver-claimed.ts'
import { createNoteOutcome } from './note-outcome.ts'
import { createWorker, RateLimitHold, Workers, type DeliveryTarget } from './worker.ts'
import { createMaintenance, rowsUnderOthers, type BackupOptions, type StoreReadings } from './maintenance.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createEraseMessages } from './erase-messages.ts'
import { createOpenRows, type ShownMessage } from './open-rows.ts'
import type { Pacing } from './pacing.ts'
import { createSealer } from './payload.ts'
import { createTimes } from './times.ts'
import { createAttempts, type RetryPolicy } from './retry-policy.ts'
import { createNotices, type NoteNotice } from './webhooks.ts'

const MAX_EVENTS_BYTES = 256 * 1024 * 1024

type OutboxOptions = {
  store: Store
  clock: ClockWatch
  keyring: Keyring
  targets: readonly DeliveryTarget[]
  retry: RetryPolicy
  retentionMs: number
  /** How long the timeline is kept; 0 for none. */
  timelineMs: number
  queueLimit: number
  /** Undefined when no events are passed on. */
  eventsQueueLimit: number | undefined
  /** Sealed events that may wait, in bytes; 256 MiB by default. */
  maxEventsBytes?: number
  /** How long the message that probes Divar's rate limit may take, in milliseconds. */
  probeLeaseMs: number
  /** Undefined without limits of the app's own. */
  pacing?: Pacing | undefined
  /** Whether a notice of each final state goes to the status webhook, which then is one of the targets. */
  statusWebhook: boolean
  /** Notes a notice that was stored; undefined without a timeline. */
  noteNotice: NoteNotice | undefined
  backup: BackupOptions | undefined
  spans: Spans | undefined
  log: Logger
}

type OutboxMetrics = DeliveryMetrics &
  StoreReadings & { queueLimit: number; eventsQueueLimit: number | undefined; clock: ClockStatus }

/** The transactional outbox: stores messages before they are accepted, and delivers them until they end. */
export type Outbox = ReturnType<typeof createOutbox>

export function createOutbox(options: OutboxOptions) {
  const { store, clock, keyring, targets, retry, retentionMs, probeLeaseMs, pacing, backup, spans, log } = options
  const { queueLimit, eventsQueueLimit, maxEventsBytes = MAX_EVENTS_BYTES } = options
  const closing = new AbortController()
  const metrics: OutboxMetrics = {
    ...createDeliveryMetrics(),
    queued: undefined,
    rowsUnderOlderKeys: undefined,
    bytes: undefined,
    lastBackupAt: undefined,
    queueLimit,
    eventsQueueLimit,
    clock: clock.status,
  }
  const sealer = createSealer(keyring)
  const backlog = new Backlog(queueLimit, { messages: eventsQueueLimit ?? 0, bytes: maxEventsBytes })
  const rateLimitHold = new RateLimitHold(log)
  const workers = new Workers()
  const attempts = createAttempts(store, newId('gw'), log, closing.signal)
  const { owner } = attempts
  const tryForMs = retry.forMs
  const createNotice = options.statusWebhook ? createNotices(sealer, tryForMs) : undefined
  const claimedDelivery = createClaimedDelivery({
    attempts,
    clock,
    sealer,
    retry,
    rateLimitHold,
    pacing,
    createNotice,
    noteNotice: options.noteNotice,
    workers,
    backlog,
    metrics,
    spans,
    log,
  })
  const { deliverClaimed, settleAbandoned } = claimedDelivery
  const accept = createAccept(store)
  const { conversationNames, openAnswer } = createOpenRows(sealer, log)
  const times = createTimes({
    store,
    clock,
    conversationNames,
    createNotice,
    noteNotice: options.noteNotice,
    backlog,
    workers,
    metrics,
    log,
  })
  const enqueueing = createEnqueue({
    store,
    accept,
    attempts,
    sealer,
    backlog,
    claimedDelivery,
    workers,
    times,
    tryForMs,
  })
  const { release } = attempts
  for (const target of targets) {
    const parts = { store, owner, probeLeaseMs, target, rateLimitHold, pacing, deliverClaimed, release, log }
    workers.add(createWorker(parts))
  }
  const heartbeat = createHeartbeat({ store, attempts, settleAbandoned, log })
  const maintenance = createMaintenance({
    store,
    clock,
    sealer,
    retentionMs,
    timelineMs: options.timelineMs,
    backup,
    metrics,
    backlog,
    log,
  })

  const drain = async () => {
    await Promise.all([times.stop(), workers.stop()])
    await attempts.idle()
  }

  return {
    ...enqueueing,
    ...createBulkActs({
      store,
      createNotice,
      noteNotice: options.noteNotice,
      conversationNames,
      backlog,
      workers,
      tryForMs,
      log,
    }),
    eraseMessages: createEraseMessages({ store, sealer, createNotice, backlog, workers, log }),
    enqueueEvent: createEnqueueEvent({ store, accept, sealer, backlog, workers, tryForMs }),
    noteOutcome: createNoteOutcome(store, rateLimitHold, log),
    findCaller: store.findCaller,

    find: async (caller: string, id: string): Promise<ShownMessage | undefined> => {
      const record = await store.find(caller, id)
      return record && openAnswer(record)
    },

    list: async (filter: MessageFilter) => {
      const { messages, nextCursor } = await store.list(filter)
      return { messages: messages.map(openAnswer), nextCursor }
    },

    metrics,

    /**
     * Settles what an earlier process left behind, and starts the workers.
     * @throws StoreSetupError when a stored row is sealed with a key that is not configured
     */
    start: async (): Promise<void> => {
      const inUse = await store.keysInUse()
      if (!inUse.every(({ keyId }) => sealer.keyIds.includes(keyId))) {
        throw new StoreSetupError(
          'a key that stored rows still need is missing; put the former key back, behind the new one',
          undefined,
          { variable: 'TOKEN_ENCRYPTION_KEY' },
        )
      }
      metrics.rowsUnderOlderKeys = rowsUnderOthers(inUse, sealer.primary)
      // A count that fails or takes too long does not stop the start; the next round counts again.
      await maintenance.count()
      await heartbeat.start()
      maintenance.start()
      for (const wake of [times.wake, workers.wake]) {
        store.onQueued(wake)
        wake()
      }
    },

    retry: async (caller: string, id: string): Promise<Changed | undefined> => {
      const before = await store.find(caller, id)
      const body = await store.readBody(caller, id)
      const changed = await store.retry(caller, id, tryForMs, conversationNames(id, body))
      if (changed?.kind === 'changed') {
        if (before?.finishedAt !== null) backlog.add({ caller, body })
        workers.wake()
      }
      return changed
    },

    cancel: createCancel({ store, createNotice, noteNotice: options.noteNotice, backlog, workers }),

    /** Called when the store is away: its last readings are no longer true. */
    forgetStoreMetrics: (): void => {
      metrics.queued = undefined
      metrics.rowsUnderOlderKeys = undefined
      metrics.bytes = undefined
    },

    /** Called when the store is back. */
    readStoreMetrics: async (): Promise<void> => {
      await maintenance.count()
      await maintenance.onResealed(0)
    },

    /** Counts rows that were sealed with the newest key elsewhere. */
    onResealed: maintenance.onResealed,

    /** Stops claiming; resolves once running attempts have ended and are committed. */
    drain,

    /** Gives up waiting for commits, and stops. Undelivered messages stay queued for the next gateway. */
    close: async (): Promise<void> => {
      closing.abort()
      await drain()
      await Promise.all([heartbeat.stop(), maintenance.stop(), pacing?.stop()])
    },
  }
}
