/** What the gateway answers to the page. Times are RFC 3339. */

export const MESSAGE_STATES = [
  'queued',
  'sending',
  'delivered',
  'rejected',
  'failed',
  'unknown',
  'expired',
  'cancelled',
] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

export const SUBSCRIPTION_STATES = ['active', 'waiting', 'failed'] as const
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number]

export type Attempt = {
  number: number
  at: string
  /** Null while it runs. */
  ended_at: string | null
  outcome: string | null
  status: number | null
  code: string | null
  reason: string | null
}

/** A message, or an event on its way to the app. */
export type Message = {
  id: string
  caller: string
  state: MessageState
  wire: string
  created_at: string
  finished_at: string | null
  next_attempt_at: string | null
  /** Given by who sent it. */
  not_before?: string
  expires_at?: string
  /** Its text is gone; it cannot be sent again. */
  wiped: boolean
  last_error: Attempt | null
  attempts: Attempt[]
}

export type Subscription = {
  id: string
  caller: string
  state: SubscriptionState
  event_type: string
  created_at: string
  next_attempt_at: string | null
  error?: { code?: string; status?: number } | string | null
}

/** A step of a conversation. */
export type Entry = {
  at: string
  kind: 'click' | 'action' | 'consent' | 'send' | 'attempt' | 'event' | 'notice'
  result: string
  duration_ms: number | null
  wire: string | null
  id: string | null
  caller: string | null
  state: MessageState | null
  number: number | null
  status: number | null
  code: string | null
  reason: string | null
  event_type: string | null
}

export type Level = 'ok' | 'attention' | 'danger'
export type AttentionItem = {
  code: string
  level: Level
  count?: number | null
  since?: string | null
  value?: string | number | null
}
export type Rate = { count: number; errors: number; error_share: number; p99_ms: number | null }
export type Attention = {
  at: string
  items: AttentionItem[]
  last_24_hours: { of: string; since: string; sessions: Rate; events: Rate; actions: Rate }
}

export type BulkAnswer = {
  matched: number
  changed: number
  skipped: { wiped: number; wrong_state: number }
  left: number
  /** Given back in the next call of the same act. */
  until: string
}

/** Which messages a bulk act changes. */
export type BulkFilter = { state?: string; caller?: string; since?: string; until?: string; limit?: number }
export type Act = 'retry' | 'cancel'

export type Page<Row> = { rows: Row[]; next_cursor: string | null }
