/** The stable error codes of the API. `http/answer-fault.ts` maps them to HTTP. */
export type FaultCode =
  | 'malformed_request'
  | 'unknown_version'
  | 'invalid_click'
  | 'invalid_message'
  | 'identification_refused'
  | 'api_key_refused'
  | 'invalid_consent'
  | 'consent_required'
  | 'token_refused'
  | 'not_permitted'
  | 'not_found'
  | 'method_not_allowed'
  | 'idempotency_key_running'
  | 'sender_ambiguous'
  | 'wrong_state'
  | 'content_wiped'
  | 'recipient_restricted'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'rejected'
  | 'idempotency_key_reused'
  | 'too_many_wrong_keys'
  | 'too_many_sends'
  | 'rate_limited'
  | 'queue_full'
  | 'too_many_consents'
  | 'resolver_failed'
  | 'grant_unreadable'
  | 'stored_unreadable'
  | 'internal_error'
  | 'store_required'
  | 'consent_unavailable'
  | 'platform_error'
  | 'not_sent'
  | 'store_unavailable'
  | 'platform_unavailable'
  | 'overloaded'
  | 'store_outcome_unknown'
  | 'unknown'

/** One error in a body. `pointer` is a JSON pointer (RFC 6901); '' is the whole body. */
export type FieldError = { pointer: string; detail: string }

export type FaultOptions = {
  /** For the operator's log; never part of an answer. */
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

/**
 * An error of the API: a stable code and a public message that says what was wrong, where, and what to do. The message never repeats a value of the
 * caller's and contains no internal detail, which belongs in `internal`.
 */
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
