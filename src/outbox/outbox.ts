import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { Spans } from '../observability/spans.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { StoreSetupError, type Changed, type Claimed, type MessageStore, type Store } from '../store/store.ts'
import { Attempts } from './attempts.ts'
import { Backlog } from './backlog.ts'
import { createCarrier } from './deliver-claimed.ts'
import { Courier } from './worker.ts'
import { createHeed, type Heed } from './rate-limit-from-sends.ts'
import { Keeper, type BackupOptions } from './maintenance.ts'
import type { Lane } from './delivery-target.ts'
import { Lease } from './heartbeat.ts'
import { createFigures, rowsUnderOthers, type OutboxFigures } from './metrics.ts'
import { createNotices } from './status-webhook.ts'
import { createEnvelopes, readOwed, type Envelopes } from './payload.ts'
import { Pause } from './rate-limit-hold.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { createSends, type AttemptedNow, type KeptReply, type Queued, type StoredSend } from './enqueue.ts'

export type OutboxOptions = {
  store: Store
  clock: ClockWatch
  keyring: Keyring
  lanes: readonly Lane[]
  retry: RetryPolicy
  retentionMs: number
  queueLimit: number
  /** How long a message that probes after a pause is waited for. */
  probeLeaseMs: number
  /** Whether each final state is told to the webhook, which then has a lane. */
  notices: boolean
  backup: BackupOptions | undefined
  spans: Spans | undefined
  log: Logger
}

/** Messages owed: stored before they are promised, carried by couriers, and looked after until they end. */
export class Outbox {
  readonly attemptNow: (
    ...parameters: Parameters<ReturnType<typeof createSends>['attemptNow']>
  ) => Promise<AttemptedNow>
  readonly repeatOf: ReturnType<typeof createSends>['repeatOf']
  readonly heed: Heed
  readonly find: MessageStore['find']
  readonly list: MessageStore['list']
  readonly figures: OutboxFigures
  readonly #options: OutboxOptions
  readonly #envelopes: Envelopes
  readonly #attempts: Attempts
  readonly #backlog: Backlog
  readonly #noticeOf: ReturnType<typeof createNotices> | undefined
  readonly #queue: (send: StoredSend, reply: KeptReply) => Promise<Queued>
  readonly #couriers: readonly Courier[]
  readonly #lease: Lease
  readonly #keeper: Keeper
  readonly #cutOff = new AbortController()

  constructor(options: OutboxOptions) {
    const { store, clock, keyring, lanes, retry, queueLimit, probeLeaseMs, retentionMs, backup, log } = options
    this.#options = options
    const pause = new Pause(log)
    this.heed = createHeed({ store, pause, log })
    this.figures = createFigures(queueLimit, clock.figures)
    const envelopes = createEnvelopes(keyring)
    const backlog = new Backlog(queueLimit)
    const attempts = new Attempts(store, newId('gw'), log, this.#cutOff.signal)
    const noticeOf = options.notices ? createNotices({ envelopes, tryForMs: retry.forMs }) : undefined
    const onEnded = ({ caller, inLine, wire }: Claimed) => {
      if (inLine && wire !== 'webhook') backlog.giveBack(caller)
      // Behind it there may be the next of its line, or its notice.
      this.#wake()
    }
    const carrier = createCarrier({
      attempts,
      clock,
      envelopes,
      retry,
      pause,
      noticeOf,
      figures: this.figures,
      spans: options.spans,
      onEnded,
      log,
    })
    const sends = createSends({ store, attempts, envelopes, backlog, carrier, tryForMs: retry.forMs })
    const { owner } = attempts
    this.attemptNow = sends.attemptNow
    this.repeatOf = sends.repeatOf
    this.find = store.find
    this.list = store.list
    this.#envelopes = envelopes
    this.#attempts = attempts
    this.#backlog = backlog
    this.#noticeOf = noticeOf
    this.#queue = sends.queue
    const { carry } = carrier
    this.#couriers = lanes.map((lane) => new Courier({ store, owner, probeLeaseMs, lane, pause, carry, log }))
    this.#lease = new Lease({ store, attempts, settleLeft: carrier.settleLeft, log })
    this.#keeper = new Keeper({
      store,
      clock,
      envelopes,
      retentionMs,
      backup,
      figures: this.figures,
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
    if (!inUse.every(({ keyId }) => this.#envelopes.keyIds.includes(keyId))) {
      throw new StoreSetupError(
        'a key that stored rows still need is missing; put the former key back, behind the new one',
        undefined,
        { variable: 'TOKEN_ENCRYPTION_KEY' },
      )
    }
    this.figures.rowsUnderOlderKeys = rowsUnderOthers(inUse, this.#envelopes.primary)
    // A count that takes too long is no reason not to start; the next look counts again.
    await this.#keeper.count()
    await this.#lease.start()
    this.#keeper.start()
    store.onQueued(() => {
      this.#wake()
    })
    this.#wake()
  }

  /** Promises a message: resolves only after the commit. `reply` is what a repeat under the same key is answered. */
  async queue(send: StoredSend, reply: KeptReply): Promise<Queued> {
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
    const attempts = this.#noticeOf ? ((await store.find(caller, id))?.attempts.length ?? 0) : 0
    const noticeOf = this.#noticeOf
    const ended = { id, caller, requestId, attempts, last: undefined }
    const notices = noticeOf && {
      cancelled: noticeOf({ ...ended, state: 'cancelled' }),
      unknown: noticeOf({ ...ended, state: 'unknown' }),
    }
    const changed = await store.cancel(caller, id, notices)
    if (changed?.kind === 'changed') {
      this.#backlog.giveBack(caller)
      this.#wake()
    }
    return changed
  }

  /** What was read of the store is old. */
  forgetFigures(): void {
    this.figures.queued = undefined
    this.figures.rowsUnderOlderKeys = undefined
  }

  /** Reads anew what was forgotten. */
  async readFigures(): Promise<void> {
    await this.#keeper.count()
    await this.#keeper.tellResealed(0)
  }

  /** Told of rows that others have brought under the newest key. */
  tellResealed(rows: number): Promise<void> {
    return this.#keeper.tellResealed(rows)
  }

  /** Takes nothing new; resolves once everything that was on its way has ended and is committed. */
  async drain(): Promise<void> {
    await Promise.all(this.#couriers.map((courier) => courier.stop()))
    await this.#attempts.idle()
  }

  /** Ends what could not be drained, and leaves; what is still owed goes to whoever starts next. */
  async close(): Promise<void> {
    this.#cutOff.abort()
    await this.drain()
    await Promise.all([this.#lease.stop(), this.#keeper.stop()])
  }

  /** Its conversation as it is named today: keys may have changed since it was queued. What cannot be opened keeps its name. */
  async #namesOf(caller: string, id: string): Promise<readonly string[]> {
    const body = await this.#options.store.bodyOf(caller, id)
    if (body === undefined) return []
    try {
      return this.#envelopes.conversations(readOwed(this.#envelopes.open('body', id, body)).message)
    } catch (error) {
      this.#options.log.error({ event: 'store.sealed_row_unreadable', message_id: id, ...describeError(error) })
      return []
    }
  }

  #wake(): void {
    for (const courier of this.#couriers) courier.wake()
  }
}
