import type { ColumnType, Generated } from 'kysely'
import type { MessageState, Wire } from './store.ts'

/** The tables, as the newest migration leaves them. Times are milliseconds since 1970, truth values 0 or 1. */
export type Schema = {
  message: MessageTable
  attempt: AttemptTable
  idempotency: IdempotencyTable
  pause: PauseTable
  gateway: GatewayTable
  clock: ClockTable
  click: ClickTable
  consent: ConsentTable
  consent_opening: ConsentOpeningTable
  user_grant: UserGrantTable
  grant_name: GrantNameTable
}

/** Bytes come out as whatever the driver makes of them. */
type Bytes = ColumnType<Uint8Array, Uint8Array, Uint8Array>

type MessageTable = {
  /** The order of acceptance. */
  seq: Generated<number>
  id: string
  caller: string
  wire: Wire
  /** A MAC, so that no person's id can be read from it. */
  conversation: string
  /** Whether it waits for the message before it in its conversation. */
  in_line: number
  state: MessageState
  at_least_once: number
  /** Whether the outcome of some attempt is unknown. */
  unsure: Generated<number>
  body: Bytes | null
  body_key: string | null
  attempts: Generated<number>
  /** Null while it waits in line, is being sent, or has ended. */
  due_at: number | null
  /** When `due_at` was written; null by an older version. */
  due_set_at: number | null
  give_up_at: number
  lease_owner: string | null
  request_id: string
  created_at: number
  finished_at: number | null
  wipe_at: number | null
}

type AttemptTable = {
  message_id: string
  number: number
  begun_at: number
  /** Null while it runs, and for ever when its gateway ended with it. */
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

/** One row at most: until when Divar wants nothing. */
type PauseTable = {
  id: number
  until: number
  /** When it was written; null by an older version. */
  set_at: number | null
  /** How long the last pause was for which Divar named no time; 0 once something was delivered. */
  wait_ms: Generated<number>
  /** Whether nothing has been delivered since: one message goes first, and alone. */
  unconfirmed: Generated<number>
  /** The message that goes first, and until when it is waited for. */
  probe_id: string | null
  probe_until: number | null
  /** When one message may probe although the pause is not over. */
  probe_due: number | null
}

/** One row at most: the last time that a gateway was here and its clock was believed. */
type ClockTable = { id: number; heard_at: number }

/** Gateways that live, each for as long as it says so. */
type GatewayTable = { id: string; lease_until: number }

/** Clicks whose landing names their id. */
type ClickTable = { id: string; content: Bytes; content_key: string; expires_at: number }

/** Authorization flows that are not finished. */
type ConsentTable = {
  id: string
  /** A digest of the first opening's `state`. */
  state: string
  /** A digest of what binds the first opening's browser; null until it is opened, empty when later openings displaced the first. */
  browser: string | null
  content: Bytes
  content_key: string
  expires_at: number
  /** `click`, or the caller; null in rows of the version before. */
  begun_by: string | null
  /** Until when the link can be opened; null in rows of the version before. */
  link_until: number | null
}

/** Openings of links: each has its own `state`, and its own browser. */
type ConsentOpeningTable = {
  state: string
  consent_id: string
  number: number
  browser: string
  /** Null for the first, whose secrets are with the consent. */
  content: Bytes | null
  content_key: string | null
  expires_at: number
}

export type UserGrantTable = {
  seq: Generated<number>
  id: string
  content: Bytes
  content_key: string
  /** The key under which its names are. */
  names_key: string
  /** The token pair before this one, while it is good. */
  previous: Bytes | null
  previous_key: string | null
  previous_until: number | null
  version: Generated<number>
  access_until: number
  /** Null without a refresh token. */
  refresh_until: number | null
  /** When neither token is of use any more. */
  ends_at: number
  /** Who refreshes it; null and yet a lease: it was tried in vain. */
  lease_owner: string | null
  lease_until: number | null
  /** When the lease was written; null by an older version. */
  lease_set_at: number | null
  created_at: number
  refreshed_at: number
}

/** What grants are found by: MACs, so that no person's id can be read from them. */
type GrantNameTable = { name: string; grant_id: string; kind: 'user' | 'owned' | 'scope' }
