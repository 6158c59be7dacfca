import type { FinalState, NewMessage, Sealed, Wire } from './message-store.ts'

/** A message whose `not_before` has come. */
export type TimedMessage = { id: string; conversation: string; body: Sealed | undefined }

/** A queued message whose `expires_at` has come. */
export type ExpiredMessage = {
  id: string
  caller: string
  wire: Wire
  conversation: string
  requestId: string
  attempts: number
  body: Sealed | undefined
}

/** The status webhooks for the two states in which an expired message may end. */
export type ExpiryNotices = { expired: NewMessage; unknown: NewMessage }

/** For messages with a time of their own. Calls with a `limit` do one bounded batch. */
export type TimedStore = {
  /** Messages whose time has come, and milliseconds until the next one's has; undefined when there is none. */
  findDueTimes: (
    limit: number,
  ) => Promise<{ timed: TimedMessage[]; expired: ExpiredMessage[]; nextInMs: number | undefined }>
  /**
   * Gives timed messages their places in their conversations: in the order of acceptance, before what no attempt has begun for.
   * `conversations` are the names under every known key, the newest first.
   */
  queueTimed: (messages: readonly { id: string; conversations: readonly [string, ...string[]] }[]) => Promise<void>
  /** Ends queued messages as `expired`, or as `unknown` when an attempt may have delivered them. @returns those that were ended */
  endExpired: (
    messages: readonly { id: string; conversation: string; notices?: ExpiryNotices | undefined }[],
  ) => Promise<{ id: string; state: FinalState }[]>
}
