/** What Divar said, as far as it could be read: its own `code` and `message`, and the HTTP status that they came with. */
export type PlatformError = { status: number; code?: number | string; message?: string }

/** How one delivery ended. Split where the caller's next step splits; the union is closed. */
export type Outcome =
  | { kind: 'delivered'; status: number }
  /** A final no: the same request will be refused again. */
  | { kind: 'token_refused' | 'not_permitted' | 'recipient_restricted' | 'rejected'; divar: PlatformError }
  | { kind: 'rate_limited'; divar: PlatformError; retryAfterSeconds?: number }
  /** Divar failed, and is taken at its word that nothing was delivered. */
  | { kind: 'platform_error'; divar: PlatformError; retryAfterSeconds?: number }
  /** Not a byte of the request was written. */
  | { kind: 'not_sent'; reason: string }
  /** The request may have been read; nobody can say whether the message stands in the chat. */
  | {
      kind: 'unknown'
      reason: string
      /** No status came: a time-out or a reset. */
      silent: boolean
      divar?: PlatformError
    }
  /** There is no token in whose name it could go: nobody has consented, or two users have and it is not said which. */
  | { kind: 'consent_required' | 'sender_ambiguous' }
  /** The grant that would cover it was altered in the store, or its key is missing. */
  | { kind: 'grant_unreadable'; grantId: string }
  /** The store, in which grants are, is away. */
  | { kind: 'store_unavailable' }
  /** The breaker is open: not a byte was sent. */
  | { kind: 'unavailable'; retryAfterSeconds: number }

export type OutcomeKind = Outcome['kind']
