import type { ColumnType, Generated } from 'kysely'
import type { StoredState, Wire } from './store.ts'
import type { NoteKind } from './timeline-store.ts'

/** The tables after the newest migration. Times are milliseconds since 1970, booleans 0 or 1. */
export type Schema = {
  message: MessageTable
  attempt: AttemptTable
  idempotency: IdempotencyTable
  pause: PauseTable
  pacing: PacingTable
  gateway: GatewayTable
  clock: ClockTable
  click: ClickTable
  consent: ConsentTable
  consent_opening: ConsentOpeningTable
  user_grant: UserGrantTable
  grant_name: GrantNameTable
  subscription: SubscriptionTable
  subscription_name: SubscriptionNameTable
  subscription_queue: SubscriptionQueueTable
  timeline: TimelineTable
}

/** The drivers return a Buffer, which is a Uint8Array. */
type Bytes = ColumnType<Uint8Array, Uint8Array, Uint8Array>

type MessageTable = {
  /** The order of acceptance. */
  seq: Generated<number>
  id: string
  caller: string
  wire: Wire
  /** `<key id>.<MAC>` of the ids, so that no person's id can be read from it. */
  conversation: string
  /** Whether it waits for the message before it in its conversation. */
  in_line: number
  state: StoredState
  at_least_once: number
  /** Whether the outcome of some attempt is unknown. */
  unsure: Generated<number>
  body: Bytes | null
  body_key: string | null
  attempts: Generated<number>
  /** Null while it waits in line, is being sent, or has ended. Its `not_before` in the state `timed`. */
  due_at: number | null
  /** When `due_at` was written; null by an older version. */
  due_set_at: number | null
  give_up_at: number
  lease_owner: string | null
  request_id: string
  created_at: number
  finished_at: number | null
  wipe_at: number | null
  /** The sealed conversation that Divar named for a delivered bot message. */
  answer: Bytes | null
  answer_key: string | null
  /** Before this time the message is not queued. */
  not_before: number | null
  /** A message that is still queued ends at this time, its `expires_at`. Named otherwise, since older versions join this table with one that has that column. */
  not_after: number | null
}

type AttemptTable = {
  message_id: string
  number: number
  begun_at: number
  /** Null until the attempt ends, or until another gateway settles it after its own has stopped. */
  ended_at: number | null
  outcome: string | null
  status: number | null
  code: string | null
  reason: string | null
}

type IdempotencyTable = {
  caller: string
  key: string
  fingerprint: string
  message_id: string
  /** Null until the answer is known. */
  reply: Bytes | null
  reply_key: string | null
  expires_at: number
}

/** At most one row: the rate limit hold of Divar, which the code calls "hold" and this table, logs and docs call "pause". */
type PauseTable = {
  id: number
  until: number
  /** When it was written; null by an older version. */
  set_at: number | null
  /** Length of the last hold for which Divar named no time; 0 once a message was delivered. */
  wait_ms: Generated<number>
  /** 1 until a message has been delivered since the hold began; until then one message at a time probes. */
  unconfirmed: Generated<number>
  /** The message that probes, and until when other messages wait for it. */
  probe_id: string | null
  probe_until: number | null
  /** When one message may probe although the hold is not over. */
  probe_due: number | null
}

/** Sends to Divar in slices of time: of 1 s for the limit of a minute, of 10 min for that of a day. */
type PacingTable = { span_ms: number; starts_at: number; sends: number }

/** At most one row: the clock's reading when a gateway last trusted it. */
type ClockTable = { id: number; heard_at: number }

/** Running gateways, with the end of their leases. */
type GatewayTable = { id: string; lease_until: number }

/** Saved clicks, whose id is in their landing. */
type ClickTable = { id: string; content: Bytes; content_key: string; expires_at: number }

/** Unfinished authorization flows. */
type ConsentTable = {
  id: string
  /** A digest of the first opening's `state`. */
  state: string
  /** A digest of the cookie of the browser that opened the link first; null before, empty once later openings have displaced the first. */
  browser: string | null
  content: Bytes
  content_key: string
  expires_at: number
  /** `click`, or `caller:` and the caller's name; null in rows of an older version. */
  begun_by: string | null
  /** Until when the link can be opened; null in rows of an older version. */
  link_until: number | null
}

/** Openings of a consent link: each has its own `state` and browser. */
type ConsentOpeningTable = {
  state: string
  consent_id: string
  number: number
  browser: string
  /** Null for the first opening, whose secrets are in the consent's row. */
  content: Bytes | null
  content_key: string | null
  expires_at: number
}

export type UserGrantTable = {
  seq: Generated<number>
  id: string
  content: Bytes
  content_key: string
  /** The id of the key that made the grant's names. */
  names_key: string
  /** The token pair before this one, while it is valid. */
  previous: Bytes | null
  previous_key: string | null
  previous_until: number | null
  version: Generated<number>
  access_until: number
  /** Null without a refresh token. */
  refresh_until: number | null
  /** When both tokens have expired. */
  ends_at: number
  /** The gateway that refreshes the grant. Null with `lease_until` set: a refresh failed, and the next waits until then. */
  lease_owner: string | null
  lease_until: number | null
  /** When the lease was written; null by an older version. */
  lease_set_at: number | null
  created_at: number
  refreshed_at: number
  /** When the erasure of a person ended the grant. It is not used any more, and kept until its messages were found. */
  erased_at: number | null
}

/** The names that grants are found by: MACs, so that no person's id can be read from them. */
type GrantNameTable = { name: string; grant_id: string; kind: 'user' | 'owned' | 'scope' }

export type SubscriptionTable = {
  seq: Generated<number>
  id: string
  caller: string
  /** `<key id>.<MAC>` of the caller and the content. */
  mac: string
  content: Bytes
  content_key: string
  /** Counts its contents. */
  revision: Generated<number>
  /** How the last registration ended; null before the first one, and without a grant. */
  outcome: 'registered' | 'failed' | 'uncovered' | null
  /** The grant that it was registered with last, and the version of its tokens. */
  grant_id: string | null
  grant_version: number | null
  /** When the token that it is registered with expires. */
  active_until: number | null
  /** Attempts in a row that have failed. */
  failures: Generated<number>
  /** When it is registered next; null when only a change of its grant makes that necessary. */
  due_at: number | null
  due_set_at: number | null
  /** The gateway that registers it. */
  lease_owner: string | null
  lease_until: number | null
  created_at: number
}

/** The names that grants of its user have too, if they cover the subscription. */
type SubscriptionNameTable = { name: string; subscription_id: string; kind: 'user' | 'owned' }

/** At most one row: from when on the next subscription may be registered, by any gateway. */
type SubscriptionQueueTable = { id: number; free_at: number; set_at: number }

/** What happened in conversations. Never ids of people or texts. */
type TimelineTable = {
  seq: Generated<number>
  /** `<key id>.<MAC>` of the conversation's ids, as in `message`. */
  name: string
  at: number
  kind: NoteKind
  result: string
  duration_ms: number | null
  wire: string | null
  /** The id of the click, message, event or notice. */
  subject: string | null
  caller: string | null
  status: number | null
  event_type: string | null
}
