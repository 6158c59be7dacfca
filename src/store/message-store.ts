/** What the store promises for messages, free of SQL. All times come from the database's clock, so replicas need not agree on theirs. */

/** Bytes that can only be read with the key of this id. */
export type Sealed = { keyId: string; bytes: Uint8Array }

/** A rate limit that Divar answered; without `retryAfterMs` Divar did not say for how long. */
export type RateLimit = { retryAfterMs: number | undefined }

/** What a message is delivered over: Divar's two wires, and the webhook that tells the company's own service of outcomes. */
export const WIRES = ['v1', 'v2', 'webhook'] as const
export type Wire = (typeof WIRES)[number]

export const FINAL_STATES = ['delivered', 'rejected', 'failed', 'unknown', 'cancelled'] as const
export type FinalState = (typeof FINAL_STATES)[number]
export const MESSAGE_STATES = ['queued', 'sending', ...FINAL_STATES] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/** A message to be stored. */
export type NewMessage = {
  id: string
  caller: string
  wire: Wire
  /** MACs of its conversation as `<key id>.<MAC>`, one for each known key, the newest first. Messages of one conversation are sent in order. */
  conversations: readonly [string, ...string[]]
  atLeastOnce: boolean
  body: Sealed
  /** How long it is tried, in milliseconds from now. */
  tryForMs: number
  /** Of the request that brought it, for the log. */
  requestId: string
  /** The gateway that makes its only attempt now, outside the order of its conversation. Without one the message is queued. */
  leasedTo?: string
  idempotency?: IdempotencyClaim
}

export type IdempotencyClaim = {
  key: string
  /** What the request said, as `<key id>.<MAC>` under every known key, the newest first. */
  fingerprints: readonly [string, ...string[]]
  /** How long the key is kept, in milliseconds. */
  ttlMs: number
  /** What a repeat is answered; without one the answer is still to come. */
  reply?: Sealed
}

export type Accepted = { kind: 'accepted' } | Repeated

export type Repeated =
  /** The key was used before, for the same request: what was answered then. */
  | { kind: 'replay'; messageId: string; reply: Sealed }
  /** The same request is still running. */
  | { kind: 'running' }
  /** The key was used before, for another request. */
  | { kind: 'mismatch' }
  /** The same request began, and its gateway ended before it knew how. */
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
  /** What is left of the time for which it is tried, in milliseconds; negative when it is over. */
  tryForMs: number
  requestId: string
  body: Sealed | undefined
  /** Whether it goes first, and alone, after a pause. */
  isProbe: boolean
}

export type Claim = {
  messages: Claimed[]
  /** When it is worth asking again, in milliseconds; `undefined` when nothing is queued. */
  nextInMs: number | undefined
  /** What is left of a pause, in milliseconds; 0 when it is over and nothing has been delivered since. */
  heldMs?: number
}

/** How one attempt ended. */
export type AttemptEnd = {
  number: number
  outcome: string
  status?: number | undefined
  /** Divar's own code. */
  code?: string | undefined
  reason?: string | undefined
}

export type Finish = {
  message: Pick<Claimed, 'id' | 'conversation' | 'inLine'>
  /** Without one no attempt was begun. */
  attempt?: AttemptEnd | undefined
  next: { state: 'queued'; inMs: number; unsure: boolean } | { state: FinalState }
  limit?: RateLimit | undefined
  /** What becomes of the idempotency key: kept with this reply, or free again. Untouched without. */
  idempotency?: { reply: Sealed } | 'free' | undefined
  /** Stored in the same commit. */
  notice?: NewMessage | undefined
}

/** A message that is being sent, as far as the store knows. */
export type Held = Claimed & {
  attemptOpen: boolean
  /** Whether it was taken over just now from a gateway that is gone. */
  takenOver: boolean
}

/** For the outbox: queued messages and the gateways that deliver them. */
export type OutboxStore = {
  /** Stores messages, all or none, in this order within each conversation. Returns only after the commit. */
  accept: (messages: readonly NewMessage[]) => Promise<Accepted[]>
  /** What is known of the first use of a key; `undefined` when it is free. */
  findRepeat: (caller: string, claim: IdempotencyClaim) => Promise<Repeated | undefined>
  /** Hands out what is due on a wire, at most one of each conversation, oldest first, and renews the lease; in a pause only its probe. */
  claim: (owner: string, wire: Wire, limit: number, probeLeaseMs?: number) => Promise<Claim>
  /**
   * Commits that attempts begin, before their first byte. Answers each attempt's number; what is missing there must be released: its
   * lease was lost, or Divar asked for a pause (the probe ignores that, and so do messages outside the order).
   */
  begin: (owner: string, ids: readonly string[]) => Promise<{ id: string; number: number }[]>
  /** Commits how attempts ended. Answers the ids whose lease still held; the others had been taken over. */
  finish: (owner: string, finished: readonly Finish[]) => Promise<string[]>
  /** Puts back messages that were claimed and surely not sent; their open attempts are deleted. */
  release: (owner: string, ids: readonly string[]) => Promise<void>
  /** Holds queued messages for Divar back, as does a finish with a limit. */
  holdForRateLimit: (limit: RateLimit) => Promise<void>
  /** Reports the delivery of a message that was not stored. */
  resetRateLimitBackoff: () => Promise<void>
  /** Renews the owner's lease. */
  heartbeat: (owner: string) => Promise<void>
  /** Takes over at most `limit` messages whose owner's lease has ended; answers all that the owner then holds. */
  adopt: (owner: string, limit: number) => Promise<Held[]>
  /** Ends the owner's lease; its messages can be adopted. */
  leave: (owner: string) => Promise<void>
}

/** A message as its caller may see it; times in milliseconds since 1970. */
export type MessageRecord = {
  id: string
  wire: Wire
  state: MessageState
  createdAt: number
  finishedAt: number | null
  /** When it is tried next; null when it waits for the message before it, or for nothing any more. */
  nextAttemptAt: number | null
  wiped: boolean
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

export type MessagePage = { messages: MessageRecord[]; nextCursor: number | undefined }

/** Why a message stays as it is, or that it does not. */
export type Changed =
  | { kind: 'changed'; state: MessageState }
  | { kind: 'wrong_state'; state: MessageState; wiped: boolean; waits: boolean }

/** The notice of either state in which a cancelled message may end. */
export type CancelNotices = { cancelled: NewMessage; unknown: NewMessage }

/** For callers: where their messages stand. Another caller's message is `undefined`, like none. */
export type MessageStore = {
  find: (caller: string, id: string) => Promise<MessageRecord | undefined>
  /** Newest first. */
  list: (
    caller: string,
    filter: { state?: MessageState | undefined; cursor?: number | undefined; limit: number },
  ) => Promise<MessagePage>
  /** Queues a message again that ended, or tries at once one that waits for its next attempt. */
  retry: (
    caller: string,
    id: string,
    tryForMs: number,
    /** Its conversation under every known key, the newest first: the line may go on under another name than when it stood there. */
    conversations?: readonly string[],
  ) => Promise<Changed | undefined>
  /** What is sealed of a message; `undefined` once it is wiped. */
  readBody: (caller: string, id: string) => Promise<Sealed | undefined>
  /** Ends a queued message as `cancelled`, or as `unknown` when an earlier attempt may have delivered it; wiped at once. */
  cancel: (caller: string, id: string, notices?: CancelNotices) => Promise<Changed | undefined>
}
