import type { ColumnType, Generated } from 'kysely'
import type { MessageState, Wire } from './store.ts'

/** The tables, as the newest migration leaves them. Times are milliseconds since 1970, truth values 0 or 1. */
export type Schema = {
  message: MessageTable
  attempt: AttemptTable
  idempotency: IdempotencyTable
  pause: PauseTable
  gateway: GatewayTable
}

/** Bytes come out as whatever the driver makes of them. */
type Bytes = ColumnType<Uint8Array, Uint8Array, Uint8Array>

type MessageTable = {
  /** The order of acceptance. */
  seq: Generated<number>
  id: string
  caller: string
  wire: Wire
  /** A MAC of whom it concerns; nobody reads a person's id out of it. */
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
type PauseTable = { id: number; until: number }

/** Gateways that live, each for as long as it says so. */
type GatewayTable = { id: string; lease_until: number }
