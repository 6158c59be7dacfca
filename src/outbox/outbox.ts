import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { Spans } from '../observability/trace.ts'
import type { ClockStatus, ClockWatch } from '../store/maintenance.ts'
import { StoreSetupError, type Changed, type Claimed, type MessageStore, type Store } from '../store/store.ts'
import { Attempts } from './attempts.ts'
import { Backlog, createEnqueue, type Enqueueing, type SavedReply, type Queued, type StoredSend } from './enqueue.ts'
import { createClaimedDelivery, createDeliveryMetrics, type DeliveryMetrics } from './deliver-claimed.ts'
import { DeliveryWorker, type DeliveryTarget } from './worker.ts'
import { createOnOutcome, type OnOutcome, RateLimitHold, type RetryPolicy } from './retry-policy.ts'
import { Maintenance, rowsUnderOthers, type BackupOptions, type StoreReadings } from './maintenance.ts'
import { Heartbeat } from './heartbeat.ts'
import { createNotices } from './status-webhook.ts'
import { createSealer, readPayload, type Sealer } from './payload.ts'

export type OutboxOptions = {
  store: Store
  clock: ClockWatch
  keyring: Keyring
  targets: readonly DeliveryTarget[]
  retry: RetryPolicy
  retentionMs: number
  queueLimit: number
  /** How long the message that probes Divar's rate limit may take, in milliseconds. */
  probeLeaseMs: number
  /** Whether a notice of each final state goes to the status webhook, which then is one of the targets. */
  statusWebhook: boolean
  backup: BackupOptions | undefined
  spans: Spans | undefined
  log: Logger
}

export type OutboxMetrics = DeliveryMetrics & StoreReadings & { queueLimit: number; clock: ClockStatus }

/** The transactional outbox: stores messages before they are accepted, and delivers them until they end. */
export class Outbox {
  readonly attemptNow: Enqueueing['attemptNow']
  readonly findRepeat: Enqueueing['findRepeat']
  readonly onOutcome: OnOutcome
  readonly find: MessageStore['find']
  readonly list: MessageStore['list']
  readonly metrics: OutboxMetrics
  readonly #options: OutboxOptions
  readonly #sealer: Sealer
  readonly #attempts: Attempts
  readonly #backlog: Backlog
  readonly #createNotice: ReturnType<typeof createNotices> | undefined
  readonly #enqueue: Enqueueing['enqueue']
  readonly #workers: readonly DeliveryWorker[]
  readonly #heartbeat: Heartbeat
  readonly #maintenance: Maintenance
  readonly #cutOff = new AbortController()

  constructor(options: OutboxOptions) {
    const { store, clock, keyring, targets, retry, queueLimit, probeLeaseMs, retentionMs, backup, log } = options
    this.#options = options
    const rateLimitHold = new RateLimitHold(log)
    this.onOutcome = createOnOutcome({ store, rateLimitHold, log })
    this.metrics = {
      ...createDeliveryMetrics(),
      queued: undefined,
      rowsUnderOlderKeys: undefined,
      queueLimit,
      clock: clock.status,
    }
    const sealer = createSealer(keyring)
    const backlog = new Backlog(queueLimit)
    const attempts = new Attempts(store, newId('gw'), log, this.#cutOff.signal)
    const createNotice = options.statusWebhook ? createNotices({ sealer, tryForMs: retry.forMs }) : undefined
    const onEnded = ({ caller, inLine, wire }: Claimed) => {
      if (inLine && wire !== 'webhook') backlog.remove(caller)
      // The next message of its conversation, or its notice, may be due.
      this.#wake()
    }
    const claimedDelivery = createClaimedDelivery({
      attempts,
      clock,
      sealer,
      retry,
      rateLimitHold,
      createNotice,
      metrics: this.metrics,
      spans: options.spans,
      onEnded,
      log,
    })
    const enqueueing = createEnqueue({ store, attempts, sealer, backlog, claimedDelivery, tryForMs: retry.forMs })
    const { owner } = attempts
    this.attemptNow = enqueueing.attemptNow
    this.findRepeat = enqueueing.findRepeat
    this.find = store.find
    this.list = store.list
    this.#sealer = sealer
    this.#attempts = attempts
    this.#backlog = backlog
    this.#createNotice = createNotice
    this.#enqueue = enqueueing.enqueue
    const { deliverClaimed } = claimedDelivery
    this.#workers = targets.map(
      (target) => new DeliveryWorker({ store, owner, probeLeaseMs, target, rateLimitHold, deliverClaimed, log }),
    )
    this.#heartbeat = new Heartbeat({ store, attempts, settleAbandoned: claimedDelivery.settleAbandoned, log })
    this.#maintenance = new Maintenance({
      store,
      clock,
      sealer,
      retentionMs,
      backup,
      metrics: this.metrics,
      backlog,
      log,
    })
  }

  /**
   * Settles what an earlier process left behind, and starts the workers.
   * @throws StoreSetupError when a stored row is sealed with a key that is not configured
   */
  async start(): Promise<void> {
    const { store } = this.#options
    const inUse = await store.keysInUse()
    if (!inUse.every(({ keyId }) => this.#sealer.keyIds.includes(keyId))) {
      throw new StoreSetupError(
        'a key that stored rows still need is missing; put the former key back, behind the new one',
        undefined,
        { variable: 'TOKEN_ENCRYPTION_KEY' },
      )
    }
    this.metrics.rowsUnderOlderKeys = rowsUnderOthers(inUse, this.#sealer.primary)
    // A count that fails or takes too long does not stop the start; the next round counts again.
    await this.#maintenance.count()
    await this.#heartbeat.start()
    this.#maintenance.start()
    store.onQueued(() => {
      this.#wake()
    })
    this.#wake()
  }

  /** Queues a message; resolves after the commit. `reply` is the answer to a repeat with the same key. */
  async enqueue(send: StoredSend, reply: SavedReply): Promise<Queued> {
    const queued = await this.#enqueue(send, reply)
    if (queued.kind === 'accepted') this.#wake()
    return queued
  }

  async retry(caller: string, id: string): Promise<Changed | undefined> {
    const { store, retry } = this.#options
    const before = await store.find(caller, id)
    const changed = await store.retry(caller, id, retry.forMs, await this.#conversationNames(caller, id))
    if (changed?.kind === 'changed') {
      if (before?.finishedAt !== null) this.#backlog.add(caller)
      this.#wake()
    }
    return changed
  }

  async cancel(caller: string, id: string, requestId: string): Promise<Changed | undefined> {
    const { store } = this.#options
    const attempts = this.#createNotice ? ((await store.find(caller, id))?.attempts.length ?? 0) : 0
    const createNotice = this.#createNotice
    const ended = { id, caller, requestId, attempts, last: undefined }
    const notices = createNotice && {
      cancelled: createNotice({ ...ended, state: 'cancelled' }),
      unknown: createNotice({ ...ended, state: 'unknown' }),
    }
    const changed = await store.cancel(caller, id, notices)
    if (changed?.kind === 'changed') {
      this.#backlog.remove(caller)
      this.#wake()
    }
    return changed
  }

  /** Forgets what was read from the store, when it is away. */
  forgetStoreMetrics(): void {
    this.metrics.queued = undefined
    this.metrics.rowsUnderOlderKeys = undefined
  }

  /** Reads it again. */
  async readStoreMetrics(): Promise<void> {
    await this.#maintenance.count()
    await this.#maintenance.onResealed(0)
  }

  /** Counts rows that were sealed with the newest key elsewhere. */
  onResealed(rows: number): Promise<void> {
    return this.#maintenance.onResealed(rows)
  }

  /** Stops claiming; resolves once running attempts have ended and are committed. */
  async drain(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    await this.#attempts.idle()
  }

  /** Gives up waiting for commits, and stops. Undelivered messages stay queued for the next gateway. */
  async close(): Promise<void> {
    this.#cutOff.abort()
    await this.drain()
    await Promise.all([this.#heartbeat.stop(), this.#maintenance.stop()])
  }

  /** The conversation's names under today's keys, which may have changed since it was queued; none when the row cannot be opened. */
  async #conversationNames(caller: string, id: string): Promise<readonly string[]> {
    const body = await this.#options.store.readBody(caller, id)
    if (body === undefined) return []
    try {
      return this.#sealer.conversations(readPayload(this.#sealer.open('body', id, body)).message)
    } catch (error) {
      this.#options.log.error({ event: 'store.sealed_row_unreadable', message_id: id, ...describeError(error) })
      return []
    }
  }

  #wake(): void {
    for (const worker of this.#workers) worker.wake()
  }
}
