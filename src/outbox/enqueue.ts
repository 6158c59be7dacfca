import { withTimeout } from '../base/timeout.ts'
import { wireOf, type Credential } from '../divar/deliver.ts'
import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { Send } from '../message/parse-message.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import {
  EVENTS_CALLER,
  KEEP_KEY_MS,
  StoreError,
  type Accepted,
  type NewMessage,
  type OutboxStore,
  type Store,
} from '../store/store.ts'
import { attemptRecord, rateLimitOf, stateOfOnlyAttempt, type Attempts } from './retry-policy.ts'
import type { ClaimedDelivery } from './deliver-claimed.ts'
import { writePayload, type Sealer } from './payload.ts'
import type { Workers } from './worker.ts'

/** How long an answer waits for its outcome's commit. */
const COMMIT_WAIT_MS = 3000

/** A send that is stored before it is tried. */
export type StoredSend = Send & {
  id: string
  caller: string
  credential: Credential
  requestId: string
  idempotencyKey?: string | undefined
}

/** An earlier request with the same idempotency key. */
export type Repeat =
  Exclude<Accepted, { kind: 'accepted' | 'replay' }> | { kind: 'replay'; messageId: string; reply: string }

export type Queued = { kind: 'accepted' } | { kind: 'full'; limit: number } | Repeat
export type AttemptedNow = { kind: 'attempted'; outcome: Outcome } | Repeat

type EnqueueOptions = {
  store: Pick<OutboxStore, 'findRepeat'>
  accept: Accept
  attempts: Attempts
  sealer: Sealer
  backlog: Backlog
  claimedDelivery: ClaimedDelivery
  workers: Pick<Workers, 'wake'>
  times: { wake: () => void }
  /** How long a queued message is retried, in milliseconds. */
  tryForMs: number
}

/** Stores sends: queued for later, or tried once now under an idempotency key. */
export function createEnqueue(options: EnqueueOptions) {
  const { store, accept, attempts, sealer, backlog, claimedDelivery, workers, times, tryForMs } = options
  /** Queues a message; resolves after the commit. `reply` is the serialized answer to a repeat with the same key. */
  const enqueue = async (send: StoredSend, reply: string): Promise<Queued> => {
    const message = toStoredMessage(send, { reply })
    const accepted = await backlog.take(message, accept)
    // The queue is full, but a repeat needs no room.
    if (accepted === undefined)
      return (await repeatOf(message)) ?? { kind: 'full', limit: backlog.limitOf(send.caller) }
    if (accepted.kind !== 'accepted') return openRepeat(accepted)
    workers.wake()
    if (send.notBefore !== undefined || send.expiresAt !== undefined) times.wake()
    return accepted
  }

  /** Makes one attempt: takes its key before and saves its reply after. Resolves once that is committed, or after 3 s. */
  const attemptNow = (
    send: StoredSend,
    deliver: () => Promise<Outcome>,
    replyOf: (outcome: Outcome) => string,
  ): Promise<AttemptedNow> => {
    const { promise: answer, resolve, reject } = Promise.withResolvers<AttemptedNow>()
    const attempt = async (): Promise<void> => {
      const accepted = await accept(toStoredMessage(send, { leasedTo: attempts.owner }))
      if (accepted.kind !== 'accepted') {
        resolve(openRepeat(accepted))
        return
      }
      const number = await attempts.begin(send).catch(() => undefined)
      if (number === undefined) {
        reject(new StoreError('the attempt could not be committed as begun', undefined))
        await claimedDelivery.end(toClaimed(send), { next: { state: 'failed' }, idempotency: 'free' })
        return
      }
      const outcome = await deliver()
      const committed = commitOutcome(send, number, outcome, replyOf)
      void withTimeout(COMMIT_WAIT_MS, committed).then(() => {
        resolve({ kind: 'attempted', outcome })
      }, reject)
      await committed
    }
    // The answer may come before the commit; the message stays locked until then.
    attempts.withMessageLock(send.id, attempt).catch(reject)
    return answer
  }

  /** Commits the outcome of an only attempt, and keeps the key with its reply or frees it. */
  const commitOutcome = (
    send: StoredSend,
    number: number,
    outcome: Outcome,
    replyOf: (outcome: Outcome) => string,
  ): Promise<boolean> =>
    claimedDelivery.end(toClaimed(send), {
      attempt: attemptRecord(number, outcome),
      next: stateOfOnlyAttempt(outcome),
      limit: rateLimitOf(outcome),
      answer: sealer.answer(send.id, outcome),
      idempotency: outcomeRules[outcome.kind].keepsKey
        ? { reply: sealer.seal('reply', send.id, replyOf(outcome)) }
        : 'free',
    })

  const toStoredMessage = (send: StoredSend, more: { reply: string } | { leasedTo: string }): NewMessage => {
    const { id, caller, message, atLeastOnce, requestId, notBefore, expiresAt, idempotencyKey: key } = send
    const reply = 'reply' in more && key !== undefined ? { reply: sealer.seal('reply', id, more.reply) } : {}
    return {
      id,
      caller,
      wire: wireOf(message.address),
      conversations: sealer.conversations(message),
      atLeastOnce,
      body: sealer.seal('body', id, writePayload(send)),
      tryForMs,
      notBefore,
      expiresAt,
      requestId,
      ...('leasedTo' in more && { leasedTo: more.leasedTo }),
      ...(key !== undefined && {
        idempotency: { key, fingerprints: sealer.fingerprints(send), ttlMs: KEEP_KEY_MS, ...reply },
      }),
    }
  }

  const openRepeat = (repeat: Exclude<Accepted, { kind: 'accepted' }>): Repeat =>
    repeat.kind === 'replay' ? { ...repeat, reply: sealer.open('reply', repeat.messageId, repeat.reply) } : repeat

  const toClaimed = ({ id, caller, message, requestId }: StoredSend) => ({
    id,
    caller,
    wire: wireOf(message.address),
    conversation: sealer.conversations(message)[0],
    inLine: false,
    atLeastOnce: false,
    unsure: false,
    attempts: 0,
    tryForMs: 0,
    requestId,
    body: undefined,
    isProbe: false,
  })

  /** The earlier request with the same key, if there is one. */
  const findRepeat = (send: StoredSend): Promise<Repeat | undefined> =>
    repeatOf(toStoredMessage(send, { leasedTo: attempts.owner }))

  const repeatOf = async ({ caller, idempotency }: NewMessage): Promise<Repeat | undefined> => {
    const repeated = idempotency && (await store.findRepeat(caller, idempotency))
    return repeated && openRepeat(repeated)
  }

  return { enqueue, attemptNow, findRepeat }
}

/** Stores a message, in a group commit with others. */
export type Accept = (message: NewMessage) => Promise<Accepted>

export function createAccept(store: Pick<OutboxStore, 'accept'>): Accept {
  return batched((messages: readonly NewMessage[]) => store.accept(messages), GROUP_COMMIT)
}

/** What may wait of a caller. */
type Limits = { messages: number; bytes: number }

/** A stored message, as far as it counts. */
type Counted = { caller: string; body: { bytes: Uint8Array } | undefined }

/** Queued messages per caller, so that one that sends too fast is refused before it fills the store. */
export class Backlog {
  readonly #ofMessages: Limits
  readonly #ofEvents: Limits
  /** By caller: the store's last count, the changes since, and what is being stored. */
  #queued = new Map<string, Limits>()
  readonly #pending = new Map<string, Limits>()

  /** @param queueLimit messages of each caller */
  constructor(queueLimit: number, events: Limits) {
    this.#ofMessages = { messages: queueLimit, bytes: Infinity }
    this.#ofEvents = events
  }

  limitOf(caller: string): number {
    return this.#limitsOf(caller).messages
  }

  /** Stores a message if its caller's queue has room; resolves to undefined if not. */
  async take(message: NewMessage, accept: Accept): Promise<Accepted | undefined> {
    if (!this.#hasRoom(message)) return undefined
    count(this.#pending, message, 1)
    try {
      const accepted = await accept(message)
      if (accepted.kind === 'accepted') this.add(message)
      return accepted
    } finally {
      count(this.#pending, message, -1)
    }
  }

  /** Counts a message that is queued whatever the limit. */
  add(message: Counted): void {
    count(this.#queued, message, 1)
  }

  remove(message: Counted): void {
    count(this.#queued, message, -1)
  }

  /** Sets the counts to the store's, which other gateways may have changed. */
  correct(counted: Awaited<ReturnType<Store['backlog']>>): void {
    this.#queued = new Map(counted.map(({ caller, messages, bytes }) => [caller, { messages, bytes }]))
  }

  #limitsOf(caller: string): Limits {
    return caller === EVENTS_CALLER ? this.#ofEvents : this.#ofMessages
  }

  #hasRoom({ caller, body }: NewMessage): boolean {
    const limits = this.#limitsOf(caller)
    const [queued, pending] = [countOf(this.#queued, caller), countOf(this.#pending, caller)]
    return (
      queued.messages + pending.messages < limits.messages &&
      queued.bytes + pending.bytes + body.bytes.length <= limits.bytes
    )
  }
}

const NONE: Limits = { messages: 0, bytes: 0 }

function countOf(counts: ReadonlyMap<string, Limits>, caller: string): Limits {
  return counts.get(caller) ?? NONE
}

function count(counts: Map<string, Limits>, { caller, body }: Counted, by: 1 | -1): void {
  const { messages, bytes } = countOf(counts, caller)
  const size = body?.bytes.length ?? 0
  counts.set(caller, { messages: Math.max(messages + by, 0), bytes: Math.max(bytes + by * size, 0) })
}
