import { withTimeout } from '../base/timeout.ts'
import { wireOf, type Credential } from '../divar/deliver.ts'
import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { Send } from '../message/parse-message.ts'
import { KEEP_KEY_MS, StoreError, type Accepted, type NewMessage, type OutboxStore } from '../store/store.ts'
import { attemptRecord, rateLimitOf, stateOfOnlyAttempt, type Attempts } from './attempts.ts'
import type { Accept, Backlog } from './backlog.ts'
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
  /** How long a queued message is retried, in milliseconds. */
  tryForMs: number
}

/** Stores sends: queued for later, or tried once now under an idempotency key. */
export function createEnqueue(options: EnqueueOptions) {
  const { store, accept, attempts, sealer, backlog, claimedDelivery, workers, tryForMs } = options
  /** Queues a message; resolves after the commit. `reply` is the serialized answer to a repeat with the same key. */
  const enqueue = async (send: StoredSend, reply: string): Promise<Queued> => {
    const message = toStoredMessage(send, { reply })
    const accepted = await backlog.take(message, accept)
    // The queue is full, but a repeat needs no room.
    if (accepted === undefined)
      return (await repeatOf(message)) ?? { kind: 'full', limit: backlog.limitOf(send.caller) }
    if (accepted.kind !== 'accepted') return openRepeat(accepted)
    workers.wake()
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
    const { id, caller, message, atLeastOnce, requestId, idempotencyKey: key } = send
    const reply = 'reply' in more && key !== undefined ? { reply: sealer.seal('reply', id, more.reply) } : {}
    return {
      id,
      caller,
      wire: wireOf(message.address),
      conversations: sealer.conversations(message),
      atLeastOnce,
      body: sealer.seal('body', id, writePayload(send)),
      tryForMs,
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
