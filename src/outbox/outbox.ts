import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { Spans } from '../observability/spans.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { StoreSetupError, type Changed, type Claimed, type MessageStore, type Store } from '../store/store.ts'
import { Attempts } from './attempts.ts'
import { Backlog } from './backlog.ts'
import { createClaimedDelivery } from './deliver-claimed.ts'
import { DeliveryWorker, type DeliveryTarget } from './worker.ts'
import { createOnOutcome, type OnOutcome, RateLimitHold } from './rate-limit-hold.ts'
import { Maintenance, type BackupOptions } from './maintenance.ts'
import { Heartbeat } from './heartbeat.ts'
import { createOutboxMetrics, rowsUnderOthers, type OutboxMetrics } from './metrics.ts'
import { createNotices } from './status-webhook.ts'
import { createSealer, readPayload, type Sealer } from './payload.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { createEnqueue, type AttemptedNow, type SavedReply, type Queued, type StoredSend } from './enqueue.ts'

export type OutboxOptions = {
  store: Store
  clock: ClockWatch
  keyring: Keyring
  targets: readonly DeliveryTarget[]
  retry: RetryPolicy
  retentionMs: number
  queueLimit: number
  /** How long a message that probes after a pause is waited for. */
  probeLeaseMs: number
  /** Whether each final state is told to the webhook, which then has a lane. */
  statusWebhook: boolean
  backup: BackupOptions | undefined
  spans: Spans | undefined
  log: Logger
}

/** Messages owed: stored before they are promised, carried by couriers, and looked after until they end. */
export class Outbox {
  readonly attemptNow: (
    ...parameters: Parameters<ReturnType<typeof createEnqueue>['attemptNow']>
  ) => Promise<AttemptedNow>
  readonly findRepeat: ReturnType<typeof createEnqueue>['findRepeat']
  readonly onOutcome: OnOutcome
  readonly find: MessageStore['find']
  readonly list: MessageStore['list']
  readonly metrics: OutboxMetrics
  readonly #options: OutboxOptions
  readonly #sealer: Sealer
  readonly #attempts: Attempts
  readonly #backlog: Backlog
  readonly #createNotice: ReturnType<typeof createNotices> | undefined
  readonly #queue: (send: StoredSend, reply: SavedReply) => Promise<Queued>
  readonly #workers: readonly DeliveryWorker[]
  readonly #heartbeat: Heartbeat
  readonly #maintenance: Maintenance
  readonly #cutOff = new AbortController()

  constructor(options: OutboxOptions) {
    const { store, clock, keyring, targets, retry, queueLimit, probeLeaseMs, retentionMs, backup, log } = options
    this.#options = options
    const rateLimitHold = new RateLimitHold(log)
    this.onOutcome = createOnOutcome({ store, rateLimitHold, log })
    this.metrics = createOutboxMetrics(queueLimit, clock.figures)
    const sealer = createSealer(keyring)
    const backlog = new Backlog(queueLimit)
    const attempts = new Attempts(store, newId('gw'), log, this.#cutOff.signal)
    const createNotice = options.statusWebhook ? createNotices({ sealer, tryForMs: retry.forMs }) : undefined
    const onEnded = ({ caller, inLine, wire }: Claimed) => {
      if (inLine && wire !== 'webhook') backlog.giveBack(caller)
      // Behind it there may be the next of its line, or its notice.
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
    const sends = createEnqueue({ store, attempts, sealer, backlog, claimedDelivery, tryForMs: retry.forMs })
    const { owner } = attempts
    this.attemptNow = sends.attemptNow
    this.findRepeat = sends.findRepeat
    this.find = store.find
    this.list = store.list
    this.#sealer = sealer
    this.#attempts = attempts
    this.#backlog = backlog
    this.#createNotice = createNotice
    this.#queue = sends.queue
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
   * Settles what an earlier process left behind, and begins to carry.
   * @throws StoreSetupError when something is stored under a key that is not configured
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
    // A count that takes too long is no reason not to start; the next look counts again.
    await this.#maintenance.count()
    await this.#heartbeat.start()
    this.#maintenance.start()
    store.onQueued(() => {
      this.#wake()
    })
    this.#wake()
  }

  /** Promises a message: resolves only after the commit. `reply` is what a repeat under the same key is answered. */
  async queue(send: StoredSend, reply: SavedReply): Promise<Queued> {
    const queued = await this.#queue(send, reply)
    if (queued.kind === 'accepted') this.#wake()
    return queued
  }

  async retry(caller: string, id: string): Promise<Changed | undefined> {
    const { store, retry } = this.#options
    const before = await store.find(caller, id)
    const changed = await store.retry(caller, id, retry.forMs, await this.#namesOf(caller, id))
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
      this.#backlog.giveBack(caller)
      this.#wake()
    }
    return changed
  }

  /** What was read of the store is old. */
  forgetStoreMetrics(): void {
    this.metrics.queued = undefined
    this.metrics.rowsUnderOlderKeys = undefined
  }

  /** Reads anew what was forgotten. */
  async readStoreMetrics(): Promise<void> {
    await this.#maintenance.count()
    await this.#maintenance.onResealed(0)
  }

  /** Told of rows that others have brought under the newest key. */
  onResealed(rows: number): Promise<void> {
    return this.#maintenance.onResealed(rows)
  }

  /** Takes nothing new; resolves once everything that was on its way has ended and is committed. */
  async drain(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    await this.#attempts.idle()
  }

  /** Ends what could not be drained, and leaves; what is still owed goes to whoever starts next. */
  async close(): Promise<void> {
    this.#cutOff.abort()
    await this.drain()
    await Promise.all([this.#heartbeat.stop(), this.#maintenance.stop()])
  }

  /** Its conversation as it is named today: keys may have changed since it was queued. What cannot be opened keeps its name. */
  async #namesOf(caller: string, id: string): Promise<readonly string[]> {
    const body = await this.#options.store.bodyOf(caller, id)
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
