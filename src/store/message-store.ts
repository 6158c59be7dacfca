/** The store of messages, without SQL. All times come from the database's clock, so the clocks of replicas may differ. */

import type { ClaimOptions } from './pacing-store.ts'

/** Bytes that can only be read with the key of this id. */
export type Sealed = { keyId: string; bytes: Uint8Array }

/** A 429 of Divar's. `retryAfterMs` is undefined when Divar named no time. */
export type DivarRateLimit = { retryAfterMs: number | undefined }

/** Deliveries to the company's own services: notices to the status webhook, and Divar's events. Divar's rate limit does not hold them. */
export const COMPANY_WIRES = ['webhook', 'event'] as const
/** Where a message is delivered: to one of Divar's two API versions, to its API for bots, or to the company. */
export const WIRES = ['v1', 'v2', 'bot', ...COMPANY_WIRES] as const
export type Wire = (typeof WIRES)[number]

export function isToDivar(wire: Wire): boolean {
  return !COMPANY_WIRES.some((own) => own === wire)
}

/** Whether the app's own limits hold queued messages of this wire back. Bot messages are counted only. */
export function isPaced(wire: Wire): boolean {
  return isToDivar(wire) && wire !== 'bot'
}

/** The caller of events in the store. INTERNAL_API_KEYS cannot contain this name. */
export const EVENTS_CALLER = '@events'

export const FINAL_STATES = ['delivered', 'rejected', 'failed', 'unknown', 'cancelled', 'expired'] as const
export type FinalState = (typeof FINAL_STATES)[number]
export const MESSAGE_STATES = ['queued', 'sending', ...FINAL_STATES] as const
export type MessageState = (typeof MESSAGE_STATES)[number]
/** `timed`: queued for a later time. Older versions do not know this state, so they leave such a message alone. */
export type StoredState = MessageState | 'timed'

/** A message to be stored. */
export type NewMessage = {
  id: string
  caller: string
  wire: Wire
  /** The conversation as `<key id>.<MAC>` under every known key, the newest first. Messages of one conversation are sent in order. */
  conversations: readonly [string, ...string[]]
  atLeastOnce: boolean
  body: Sealed
  /** For how long delivery is tried, in milliseconds from now, or from `notBefore`. */
  tryForMs: number
  /** When it is queued; milliseconds since 1970. Until then other messages of its conversation do not wait for it. */
  notBefore?: number | undefined
  /** When it ends unless it was delivered; milliseconds since 1970. */
  expiresAt?: number | undefined
  /** The id of the request that sent this message, for the log. */
  requestId: string
  /** The gateway that makes the only attempt now, outside the conversation's order. If absent, the message is queued. */
  leasedTo?: string
  idempotency?: IdempotencyClaim
}

export type IdempotencyClaim = {
  key: string
  /** Other names of the key, under which another gateway may know it. It is claimed under all of them. */
  otherNames?: readonly string[]
  /** The request's content as `<key id>.<MAC>` under every known key, the newest first. */
  fingerprints: readonly [string, ...string[]]
  /** How long the key is kept, in milliseconds. */
  ttlMs: number
  /** The answer to a repeated request; absent until it is known. */
  reply?: Sealed
}

export type Accepted = { kind: 'accepted' } | Repeated

type Repeated =
  /** The key was used before for the same request, with this answer. */
  | { kind: 'replay'; messageId: string; reply: Sealed }
  /** The same request is still running. */
  | { kind: 'running' }
  /** The key was used before for another request. */
  | { kind: 'mismatch' }
  /** The same request began, and its gateway stopped before the outcome was stored. */
  | { kind: 'lost'; messageId: string }

/** A message that is leased to one gateway. */
export type Claimed = {
  id: string
  caller: string
  wire: Wire
  conversation: string
  inLine: boolean
  atLeastOnce: boolean
  /** Whether the outcome of an earlier attempt is unknown. */
  unsure: boolean
  /** Attempts begun so far. */
  attempts: number
  /** Retry time left, in milliseconds; negative when it is over. */
  tryForMs: number
  requestId: string
  body: Sealed | undefined
  /** Whether this message probes a rate limit hold: it is sent first, and alone. */
  isProbe: boolean
}

export type Claim = {
  messages: Claimed[]
  /** When to claim again, in milliseconds; undefined when nothing is queued, or when a message could not probe at once. */
  nextInMs: number | undefined
  /** Time left of a rate limit hold, in milliseconds; 0 when it is over and nothing has been delivered since. Absent without a hold. */
  heldMs?: number
  /** Set when a message is due and the app's own limits hold it back: time until the next send, in milliseconds. */
  pacedMs?: number
}

/** How one attempt ended. */
export type AttemptEnd = {
  number: number
  outcome: string
  status?: number | undefined
  /** Divar's error code. */
  code?: string | undefined
  reason?: string | undefined
}

export type Finish = {
  message: Pick<Claimed, 'id' | 'conversation' | 'inLine'>
  /** Absent when no attempt was made. */
  attempt?: AttemptEnd | undefined
  next: { state: 'queued'; inMs: number; unsure: boolean } | { state: FinalState }
  limit?: DivarRateLimit | undefined
  /** Keeps the idempotency key with this reply, or frees it; absent to leave it unchanged. */
  idempotency?: { reply: Sealed } | 'free' | undefined
  /** What Divar answered to a delivered bot message; kept as long as the message's row. */
  answer?: Sealed | undefined
  /** A status webhook, stored in the same commit. */
  notice?: NewMessage | undefined
}

/** A message in the state `sending`. */
export type Leased = Claimed & {
  attemptOpen: boolean
  /** Whether this call took it over from a gateway that has stopped. */
  takenOver: boolean
}

/** For the outbox: queued messages and the gateways that deliver them. */
export type OutboxStore = {
  /** Stores all of the messages or none, in this order within each conversation. Resolves after the commit. */
  accept: (messages: readonly NewMessage[]) => Promise<Accepted[]>
  /** The first use of an idempotency key; undefined when the key is free. */
  findRepeat: (caller: string, claim: IdempotencyClaim) => Promise<Repeated | undefined>
  /**
   * Claims due messages of a wire, oldest first, at most one of each conversation; during a hold only its probe. Counts them as sends, and
   * claims no more than the limits allow. Renews the lease.
   */
  claim: (owner: string, wire: Wire, limit: number, options?: ClaimOptions) => Promise<Claim>
  /**
   * Commits that attempts begin, before their first byte. Returns the number of each attempt. A message without a number must be released:
   * its lease was lost, or a rate limit holds, which does not apply to the probe and to messages outside the order.
   */
  begin: (owner: string, ids: readonly string[]) => Promise<{ id: string; number: number }[]>
  /** Commits how attempts ended. Returns the ids of messages that were still leased; the others had been taken over. */
  finish: (owner: string, finished: readonly Finish[]) => Promise<string[]>
  /** Queues messages again that were claimed and surely not sent; their open attempts are deleted. */
  release: (owner: string, ids: readonly string[]) => Promise<void>
  /** Holds queued messages to Divar, as `finish` does with a limit. */
  holdForRateLimit: (limit: DivarRateLimit) => Promise<void>
  /** Called after a message that was not stored has been delivered: the next hold without a named time is short again. */
  resetRateLimitBackoff: () => Promise<void>
  /** Renews the owner's lease. */
  heartbeat: (owner: string) => Promise<void>
  /** Takes over at most `limit` messages whose owner's lease has ended. Returns all messages that this owner then leases. */
  adopt: (owner: string, limit: number) => Promise<Leased[]>
  /** Ends the owner's lease, so that its messages can be adopted. */
  leave: (owner: string) => Promise<void>
}

/** A message as its caller sees it; times in milliseconds since 1970. */
export type MessageRecord = {
  id: string
  caller: string
  wire: Wire
  state: MessageState
  createdAt: number
  finishedAt: number | null
  notBefore: number | null
  expiresAt: number | null
  /** When the next attempt is due; null while the message waits for an earlier one, is being sent, or has ended. */
  nextAttemptAt: number | null
  wiped: boolean
  /** The answer that `finish` kept. */
  answer: Sealed | undefined
  attempts: AttemptRecord[]
}

export type AttemptRecord = {
  number: number
  begunAt: number
  endedAt: number | null
  outcome: string | null
  status: number | null
  code: string | null
  reason: string | null
}

/** Times are inclusive, and those of acceptance. */
export type MessageFilter = {
  /** Undefined for messages of all callers. */
  caller?: string | undefined
  state?: MessageState | undefined
  /** Undefined for messages to Divar. */
  wire?: Wire | undefined
  since?: number | undefined
  until?: number | undefined
  /** Whether `since` and `until` are about the end of what has ended, rather than about the acceptance of everything. */
  isByEnd?: boolean | undefined
  cursor?: number | undefined
  limit: number
}

/** With a time, a page may have fewer than `limit` messages although `nextCursor` says that more follow. */
type MessagePage = { messages: MessageRecord[]; nextCursor: number | undefined }

/** The result of a retry or a cancellation: done, or refused because of the message's state. */
export type Changed =
  { kind: 'changed'; state: MessageState } | { kind: 'wrong_state'; state: MessageState; wiped: boolean; waits: Waits }

/** What a queued message waits for: the message before it in its conversation, its `notBefore`, or nothing. */
export type Waits = 'line' | 'time' | false

/** The status webhooks for the two states in which a cancelled message may end. */
export type CancelNotices = { cancelled: NewMessage; unknown: NewMessage }

/** A caller's own messages. A message of another caller is undefined, like one that does not exist. */
export type MessageStore = {
  find: (caller: string, id: string) => Promise<MessageRecord | undefined>
  /** The caller of a message, for operators, who may act on those of all callers. */
  findCaller: (id: string) => Promise<string | undefined>
  /** Newest first. */
  list: (filter: MessageFilter) => Promise<MessagePage>
  /** Queues a message again that has ended, or makes one due that waits for its next attempt. It does not expire any more. */
  retry: (
    caller: string,
    id: string,
    tryForMs: number,
    /** The conversation under every known key, the newest first; its other messages may be queued under another name. */
    conversations?: readonly string[],
  ) => Promise<Changed | undefined>
  /** A message's sealed content; undefined once it is wiped. */
  readBody: (caller: string, id: string) => Promise<Sealed | undefined>
  /** Ends a queued message as `cancelled`, or as `unknown` when an earlier attempt may have delivered it. Wipes it at once. */
  cancel: (caller: string, id: string, notices?: CancelNotices) => Promise<Changed | undefined>
}
