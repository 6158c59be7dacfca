/** The stable error codes of the API, each with its HTTP status and title; documented in docs/failures.md. */
export const faultStatus = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  unknown_version: { status: 400, title: 'This API version is not supported' },
  invalid_click: { status: 400, title: 'The click is not valid' },
  invalid_action: { status: 400, title: 'The dynamic action is not valid' },
  invalid_message: { status: 400, title: 'The message is not valid' },
  invalid_grant: { status: 400, title: 'The grant is not valid' },
  invalid_consent: { status: 400, title: 'The consent request is not valid' },
  user_required: { status: 400, title: 'The request does not name its user' },
  invalid_subscription: { status: 400, title: 'The subscription is not valid' },
  invalid_filter: { status: 400, title: 'The filter is not valid' },
  invalid_event: { status: 400, title: 'The event is not valid' },
  identification_refused: { status: 401, title: 'The identification key was refused' },
  api_key_refused: { status: 401, title: "The gateway's API key was refused" },
  not_allowed: { status: 403, title: 'This caller is not allowed to do this' },
  consent_required: { status: 403, title: 'The user has not consented' },
  token_refused: { status: 403, title: "Divar refused the user's token" },
  not_permitted: { status: 403, title: 'Divar does not permit this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  idempotency_key_running: { status: 409, title: 'The first request with this key is still running' },
  sender_ambiguous: { status: 409, title: 'More than one user has consented' },
  wrong_state: { status: 409, title: "The message's state does not allow this" },
  content_wiped: { status: 409, title: "The message's content is wiped" },
  too_many_subscriptions: { status: 409, title: 'This caller has too many subscriptions' },
  recipient_restricted: { status: 412, title: 'The recipient cannot receive messages' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON' },
  rejected: { status: 422, title: 'Divar rejected the message' },
  idempotency_key_reused: { status: 422, title: 'This key was used for another request' },
  too_many_wrong_keys: { status: 429, title: 'Too many wrong keys' },
  too_many_sends: { status: 429, title: 'Too many messages' },
  too_many_calls: { status: 429, title: 'Too many calls at once' },
  rate_limited: { status: 429, title: 'Too many requests' },
  queue_full: { status: 429, title: 'The queue is full' },
  too_many_consents: { status: 429, title: 'Too many open consents' },
  resolver_failed: { status: 500, title: 'The resolver returned no valid landing' },
  action_failed: { status: 500, title: 'The dynamic action returned no valid answer' },
  grant_unreadable: { status: 500, title: 'A stored grant cannot be read' },
  stored_unreadable: { status: 500, title: 'Stored data cannot be read' },
  internal_error: { status: 500, title: 'The gateway failed' },
  store_required: { status: 501, title: 'This needs a store' },
  consent_unavailable: { status: 501, title: 'Consent is not set up' },
  action_unavailable: { status: 501, title: 'Dynamic actions are not set up' },
  events_unavailable: { status: 501, title: 'Events are not set up' },
  platform_error: { status: 502, title: 'Divar failed' },
  not_sent: { status: 502, title: 'Divar was not reached; nothing was sent' },
  store_unavailable: { status: 503, title: 'The store is not available; nothing was accepted' },
  platform_unavailable: { status: 503, title: 'Divar is not available; nothing was sent' },
  overloaded: { status: 503, title: 'Too many clicks or dynamic actions at once' },
  events_queue_full: { status: 503, title: 'Too many events wait' },
  store_outcome_unknown: { status: 504, title: 'It is unknown whether the change was stored' },
  unknown: { status: 504, title: 'It is unknown whether this took effect' },
} satisfies Record<string, { status: number; title: string }>

export type FaultCode = keyof typeof faultStatus

/** One error in a body. `pointer` is a JSON pointer (RFC 6901); '' is the whole body. */
export type FieldError = { pointer: string; detail: string }

type FaultOptions = {
  /** Detail for the operator's log; never part of an answer. */
  internal?: string
  /** All errors of the body. */
  errors?: FieldError[]
  /** Further members of the problem document. */
  members?: Record<string, unknown>
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number | undefined
  /** Methods, sent as `Allow`. */
  allow?: string
  /** Further headers of the answer. */
  headers?: Record<string, string>
  cause?: unknown
}

/** An error of the API. Its public message says what was wrong, where, and what to do; it never repeats the caller's values. */
export class Fault extends Error {
  readonly code: FaultCode
  readonly options: FaultOptions

  constructor(code: FaultCode, publicMessage: string, options: FaultOptions = {}) {
    super(publicMessage, { cause: options.cause })
    this.name = 'Fault'
    this.code = code
    this.options = options
  }
}
