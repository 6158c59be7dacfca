import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { Spans } from '../observability/trace.ts'
import type { ClockStatus, ClockWatch } from '../store/clock-watch.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import {
  EVENTS_CALLER,
  StoreSetupError,
  type Changed,
  type MessageRecord,
  type NewMessage,
  type Sealed,
  type Store,
} from '../store/store.ts'
import { createAttempts, type RetryPolicy } from './attempts.ts'
import { Backlog } from './backlog.ts'
import { createEnqueue } from './enqueue.ts'
import { createEnqueueEvent } from './enqueue-event.ts'
import { createClaimedDelivery, createDeliveryMetrics, type DeliveryMetrics } from './deliver-claimed.ts'
import { createNoteOutcome, createWorker, RateLimitHold, Workers, type DeliveryTarget } from './worker.ts'
import { createMaintenance, rowsUnderOthers, type BackupOptions, type StoreReadings } from './maintenance.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createNotices } from './status-webhook.ts'
import { createEraseMessages } from './erase-messages.ts'
import { createSealer } from './payload.ts'

/** Sealed events that wait, in bytes. */
const MAX_EVENTS_BYTES = 256 * 1024 * 1024

type OutboxOptions = {
  store: Store
  clock: ClockWatch
  keyring: Keyring
  targets: readonly DeliveryTarget[]
  retry: RetryPolicy
  retentionMs: number
  queueLimit: number
  /** Undefined when no events are passed on. */
  eventsQueueLimit: number | undefined
  /** How long the message that probes Divar's rate limit may take, in milliseconds. */
  probeLeaseMs: number
  /** Whether a notice of each final state goes to the status webhook, which then is one of the targets. */
  statusWebhook: boolean
  backup: BackupOptions | undefined
  spans: Spans | undefined
  log: Logger
}

type OutboxMetrics = DeliveryMetrics &
  StoreReadings & { queueLimit: number; eventsQueueLimit: number | undefined; clock: ClockStatus }

/** A stored message. `conversationId`: the one that Divar named when it delivered a bot message. */
export type ShownMessage = Omit<MessageRecord, 'answer'> & { conversationId?: string }

/** The transactional outbox: stores messages before they are accepted, and delivers them until they end. */
export type Outbox = ReturnType<typeof createOutbox>

export function createOutbox(options: OutboxOptions) {
  const { store, clock, keyring, targets, retry, retentionMs, probeLeaseMs, backup, spans, log } = options
  const { queueLimit, eventsQueueLimit } = options
  const closing = new AbortController()
  const metrics: OutboxMetrics = {
    ...createDeliveryMetrics(),
    queued: undefined,
    rowsUnderOlderKeys: undefined,
    queueLimit,
    eventsQueueLimit,
    clock: clock.status,
  }
  const sealer = createSealer(keyring)
  const backlog = new Backlog((caller) =>
    caller === EVENTS_CALLER
      ? { messages: eventsQueueLimit ?? 0, bytes: MAX_EVENTS_BYTES }
      : { messages: queueLimit, bytes: Infinity },
  )
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
    createNotice,
    workers,
    backlog,
    metrics,
    spans,
    log,
  })
  const { deliverClaimed, settleAbandoned } = claimedDelivery
  const accept = batched((messages: readonly NewMessage[]) => store.accept(messages), GROUP_COMMIT)
  const enqueueing = createEnqueue({ store, accept, attempts, sealer, backlog, claimedDelivery, workers, tryForMs })
  for (const target of targets) {
    workers.add(createWorker({ store, owner, probeLeaseMs, target, rateLimitHold, deliverClaimed, log }))
  }
  const heartbeat = createHeartbeat({ store, attempts, settleAbandoned, log })
  const maintenance = createMaintenance({ store, clock, sealer, retentionMs, backup, metrics, backlog, log })

  /** The conversation's names under today's keys, which may have changed since it was queued; none when the row cannot be opened. */
  const conversationNames = (id: string, body: Sealed | undefined): readonly string[] => {
    if (body === undefined) return []
    try {
      return sealer.namesOfSealed(id, body)
    } catch (error) {
      log.error({ event: 'store.sealed_row_unreadable', message_id: id, ...describeError(error) })
      return []
    }
  }

  /** The message with the conversation that Divar named; without it when it cannot be opened. */
  const openAnswer = ({ answer, ...record }: MessageRecord): ShownMessage => {
    if (answer === undefined) return record
    try {
      return { ...record, conversationId: sealer.open('answer', record.id, answer) }
    } catch (error) {
      log.error({ event: 'store.sealed_row_unreadable', message_id: record.id, ...describeError(error) })
      return record
    }
  }

  const drain = async () => {
    await workers.stop()
    await attempts.idle()
  }

  return {
    ...enqueueing,
    eraseMessages: createEraseMessages({ store, sealer, createNotice, backlog, workers, log }),
    enqueueEvent: createEnqueueEvent({ store, accept, sealer, backlog, workers, tryForMs }),
    noteOutcome: createNoteOutcome(store, rateLimitHold, log),
    findCaller: store.findCaller,

    find: async (caller: string, id: string): Promise<ShownMessage | undefined> => {
      const record = await store.find(caller, id)
      return record && openAnswer(record)
    },

    list: async (...query: Parameters<Store['list']>) => {
      const { messages, nextCursor } = await store.list(...query)
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
      store.onQueued(workers.wake)
      workers.wake()
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

    cancel: async (caller: string, id: string, requestId: string): Promise<Changed | undefined> => {
      const before = createNotice && (await store.find(caller, id))
      const ended = { id, caller, requestId, attempts: before?.attempts.length ?? 0, last: undefined }
      const notices = createNotice && {
        cancelled: createNotice({ ...ended, state: 'cancelled' }),
        unknown: createNotice({ ...ended, state: 'unknown' }),
      }
      const changed = await store.cancel(caller, id, notices)
      if (changed?.kind === 'changed') {
        backlog.remove({ caller, body: undefined })
        workers.wake()
      }
      return changed
    },

    /** Called when the store is away: its last readings are no longer true. */
    forgetStoreMetrics: (): void => {
      metrics.queued = undefined
      metrics.rowsUnderOlderKeys = undefined
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
      await Promise.all([heartbeat.stop(), maintenance.stop()])
    },
  }
}
