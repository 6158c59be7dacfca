/** How many rows, up to MAX_LOOKED_AT, and since when, in milliseconds since 1970; null without any. */
export type Standing = { count: number; since: number | null }

/** Rows that one reading looks at, so that it stays cheap. */
export const MAX_LOOKED_AT = 10_000

/** What waits for an operator, among the newest MAX_LOOKED_AT messages that ended undelivered and can still be retried. */
export type AttentionReading = {
  failed: Standing
  unknown: Standing
  expired: Standing
  /** Notices that were refused so far, rejected or given up. */
  notices: Standing
  /** Events that were refused so far, rejected or given up. */
  events: Standing
  /** The rate limit hold: when it was written, and how long it still lasts. */
  pause: { leftMs: number; since: number | null } | undefined
}

export type AttentionStore = {
  readAttention: () => Promise<AttentionReading>
  /** The bytes that the store takes on its disk, with indexes. */
  readSize: () => Promise<number>
}
