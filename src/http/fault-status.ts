import type { FaultCode } from '../base/fault.ts'

type HttpMeaning = { status: number; title: string }

/** The one place where faults get their HTTP status. Documented, code by code, in docs/failures.md. */
export const faultStatus: Record<FaultCode, HttpMeaning> = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  unknown_version: { status: 400, title: 'This version is not spoken here' },
  invalid_click: { status: 400, title: 'The click is not valid' },
  invalid_message: { status: 400, title: 'The message is not valid' },
  identification_refused: { status: 401, title: 'The identification key was refused' },
  api_key_refused: { status: 401, title: "The gateway's API key was refused" },
  consent_required: { status: 403, title: 'The user has not consented' },
  token_refused: { status: 403, title: "Divar refused the user's token" },
  not_permitted: { status: 403, title: 'Divar does not permit this message' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  idempotency_key_running: { status: 409, title: 'The first request with this key is still running' },
  wrong_state: { status: 409, title: "The message's state does not allow this" },
  content_wiped: { status: 409, title: "The message's content is wiped" },
  recipient_restricted: { status: 412, title: 'The recipient cannot be written to' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON' },
  rejected: { status: 422, title: 'Divar rejected the message' },
  idempotency_key_reused: { status: 422, title: 'This key was used for another request' },
  rate_limited: { status: 429, title: 'Too many requests' },
  queue_full: { status: 429, title: 'The queue is full' },
  resolver_failed: { status: 500, title: 'The resolver gave no landing' },
  internal_error: { status: 500, title: 'The gateway failed' },
  store_required: { status: 501, title: 'This needs a store' },
  platform_error: { status: 502, title: 'Divar failed; the message was not delivered' },
  not_sent: { status: 502, title: 'Divar was not reached; the message was not sent' },
  store_unavailable: { status: 503, title: 'The store is not available; nothing was accepted' },
  platform_unavailable: { status: 503, title: 'Divar is not available; the message was not sent' },
  unknown: { status: 504, title: 'Nobody knows whether the message was delivered' },
}
