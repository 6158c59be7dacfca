import type { FailureCause } from '../outbound/exchange.ts'

/** Divar's refusal: the HTTP status, and its `code` and `message` if they could be read. */
export type DivarError = { status: number; code?: number | string; message?: string }

/** The outcome of one delivery. Two outcomes differ when the caller's next step differs; the union is closed. */
export type Outcome =
  /** `conversationId`: the one that Divar names in its answer to a bot message. */
  | { kind: 'delivered'; status: number; conversationId?: string }
  /** Final: Divar will refuse the same request again. */
  | { kind: 'token_refused' | 'not_permitted' | 'recipient_restricted' | 'rejected'; divar: DivarError }
  | { kind: 'rate_limited'; divar: DivarError; retryAfterSeconds?: number }
  /** Divar failed and, by its contract, delivered nothing. */
  | { kind: 'platform_error'; divar: DivarError; retryAfterSeconds?: number }
  /** No byte of the request was written. */
  | { kind: 'not_sent'; cause: FailureCause; reason: string }
  /** Divar may have read the request, and the message may be in the chat. Cause `answer`: a status came, but does not tell. */
  | { kind: 'unknown'; cause: FailureCause | 'answer'; reason: string; divar?: DivarError }
  /** There is no token: no grant covers the message, or grants of two users do and the request does not name the sender. */
  | { kind: 'consent_required' | 'sender_ambiguous' }
  /** The grant that covers the message was altered in the store, or its key is missing. */
  | { kind: 'grant_unreadable'; grantId: string }
  /** The grants could not be read. */
  | { kind: 'store_unavailable' }
  /** The breaker is open: nothing was sent. */
  | { kind: 'unavailable'; retryAfterSeconds: number }

type OutcomeKind = Outcome['kind']

export type OutcomeRule = {
  /** A queued message with this outcome is not tried again. */
  isFinal: boolean
  /** The sender may repeat the request without risk of a second message. */
  retryable: boolean
  /** The request's idempotency key stays taken. An outcome that surely sent nothing, or that may change later, frees it. */
  keepsKey: boolean
  level: 'info' | 'warn' | 'error'
  /** What the outcome says about the host. `by cause`: a failure with a remote cause counts as one, and an answer as a success. */
  countsForBreaker: 'success' | 'failure' | 'by cause' | 'no'
  /** Advice to the sender, in the answer's `detail`. */
  advice: string
}

/** Divar refused this message, and will refuse it again. */
const refused = { isFinal: true, retryable: false, keepsKey: true, level: 'info', countsForBreaker: 'success' } as const
/** The message was surely not delivered, and a later attempt may succeed. */
const passing = { isFinal: false, retryable: true, keepsKey: false } as const
/** There is no token because this gateway cannot read its grants. */
const grantsUnreadable = { ...passing, level: 'error', countsForBreaker: 'no' } as const
/** There is no token, and waiting does not change that. */
const noConsent = { ...passing, isFinal: true, level: 'info', countsForBreaker: 'no' } as const

/** Everything that follows from the kind of an outcome, in one place. */
export const outcomeRules: Readonly<Record<OutcomeKind, OutcomeRule>> = {
  delivered: {
    isFinal: true,
    retryable: false,
    keepsKey: true,
    level: 'info',
    countsForBreaker: 'success',
    advice: 'Divar delivered the message.',
  },
  token_refused: {
    ...refused,
    advice:
      "Divar refused the user's access token: it is wrong, expired or revoked. Get a new one by the user's consent.",
  },
  not_permitted: {
    ...refused,
    advice:
      "Divar does not permit this: check the app's CHAT_SEND_MESSAGE_OAUTH permission and the scope of the token.",
  },
  recipient_restricted: {
    ...refused,
    advice: 'The recipient has blocked the sender, or one of them is blacklisted. Do not repeat.',
  },
  rejected: {
    ...refused,
    advice: "Divar rejected the message; see Divar's own code and message in divar.",
  },
  rate_limited: {
    ...passing,
    level: 'info',
    countsForBreaker: 'success',
    advice: "The app's limit at Divar is used up. Repeat after the seconds in Retry-After.",
  },
  platform_error: {
    ...passing,
    level: 'warn',
    countsForBreaker: 'failure',
    advice: 'Divar failed; the message was taken as not delivered. Repeat later, waiting longer each time.',
  },
  not_sent: {
    ...passing,
    level: 'warn',
    countsForBreaker: 'by cause',
    advice: 'Divar could not be reached; not a byte of the message was sent. Repeat later.',
  },
  unknown: {
    isFinal: false,
    retryable: false,
    keepsKey: true,
    level: 'warn',
    countsForBreaker: 'by cause',
    advice:
      'Divar did not answer in a way that tells whether the message was delivered. Repeating may deliver it twice.',
  },
  consent_required: {
    ...noConsent,
    advice:
      'No grant covers this message, and no token came along. Send the user to consent_url, where one is given, or a token in x-access-token or Authorization: Bearer.',
  },
  sender_ambiguous: {
    ...noConsent,
    advice: 'Two users have consented in this conversation. Name the sender: user_id.',
  },
  grant_unreadable: {
    ...grantsUnreadable,
    advice:
      'The stored grant of this user was altered, or its key is not in TOKEN_ENCRYPTION_KEY. Put the key back, or DELETE /grants/<grant_id> and let the user consent anew.',
  },
  store_unavailable: {
    ...grantsUnreadable,
    advice: 'The store of this gateway is away, and the grants are in it; nothing was sent. Repeat later.',
  },
  unavailable: {
    ...passing,
    level: 'warn',
    countsForBreaker: 'no',
    advice: 'Divar has failed ten times in a row; not a byte of the message was sent. Repeat after Retry-After.',
  },
}

/** What differs for messages of the app's bot. */
const botAdvice: Partial<Record<OutcomeKind, string>> = {
  token_refused:
    "Divar refused the call: the user's access token is wrong, expired or revoked, or, without a token, the app's key.",
  not_permitted:
    "Divar does not permit this: check the app's CHAT_BOT_SEND_MESSAGE permission. A message to a user also needs that user's own token, with the scope CHAT_BOT_USER_MESSAGE_SEND.",
  consent_required:
    'No grant of this user with CHAT_BOT_USER_MESSAGE_SEND, and no token came along. Send the user to consent_url, where one is given, or a token in x-access-token or Authorization: Bearer.',
}

/** Advice to the sender of a message; the wire is unknown for one that another process sent. */
export function adviceFor(kind: OutcomeKind, wire: 'v1' | 'v2' | 'bot' | undefined): string {
  return (wire === 'bot' ? botAdvice[kind] : undefined) ?? outcomeRules[kind].advice
}
