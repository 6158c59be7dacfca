import type { ErrorRequestHandler } from 'express'
import * as z from 'zod'
import { Fault, type FaultCode } from '../base/fault.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { describeError, type Level, type Logger } from '../observability/log.ts'
import { discardRest } from './request.ts'

/** HTTP status and title of each fault code; documented in docs/failures.md. */
export const faultStatus: Readonly<Record<FaultCode, { status: number; title: string }>> = {
  malformed_request: { status: 400, title: 'The request cannot be read' },
  unknown_version: { status: 400, title: 'This version is not spoken here' },
  invalid_click: { status: 400, title: 'The click is not valid' },
  invalid_message: { status: 400, title: 'The message is not valid' },
  invalid_consent: { status: 400, title: 'The consent cannot be asked for' },
  identification_refused: { status: 401, title: 'The identification key was refused' },
  api_key_refused: { status: 401, title: "The gateway's API key was refused" },
  consent_required: { status: 403, title: 'The user has not consented' },
  token_refused: { status: 403, title: "Divar refused the user's token" },
  not_permitted: { status: 403, title: 'Divar does not permit this message' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  idempotency_key_running: { status: 409, title: 'The first request with this key is still running' },
  sender_ambiguous: { status: 409, title: 'Two users have consented' },
  wrong_state: { status: 409, title: "The message's state does not allow this" },
  content_wiped: { status: 409, title: "The message's content is wiped" },
  recipient_restricted: { status: 412, title: 'The recipient cannot be written to' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON' },
  rejected: { status: 422, title: 'Divar rejected the message' },
  idempotency_key_reused: { status: 422, title: 'This key was used for another request' },
  too_many_wrong_keys: { status: 429, title: 'Too many wrong keys' },
  too_many_sends: { status: 429, title: 'Too many messages' },
  rate_limited: { status: 429, title: 'Too many requests' },
  queue_full: { status: 429, title: 'The queue is full' },
  too_many_consents: { status: 429, title: 'Too many open consents' },
  resolver_failed: { status: 500, title: 'The resolver gave no landing' },
  grant_unreadable: { status: 500, title: 'A stored grant cannot be read' },
  stored_unreadable: { status: 500, title: 'What is stored cannot be read' },
  internal_error: { status: 500, title: 'The gateway failed' },
  store_required: { status: 501, title: 'This needs a store' },
  consent_unavailable: { status: 501, title: 'Consent is not set up' },
  platform_error: { status: 502, title: 'Divar failed; the message was not delivered' },
  not_sent: { status: 502, title: 'Divar was not reached; the message was not sent' },
  store_unavailable: { status: 503, title: 'The store is not available; nothing was accepted' },
  platform_unavailable: { status: 503, title: 'Divar is not available; the message was not sent' },
  overloaded: { status: 503, title: 'Too many clicks at once' },
  store_outcome_unknown: { status: 504, title: 'It is not known whether the store did this' },
  unknown: { status: 504, title: 'Nobody knows whether the message was delivered' },
}

/** A response as a value, which can be stored. */
export type Reply = { status: number; headers: Record<string, string>; body: string }

/** Writes a fault in the error format of a group of routes. */
export type FaultShape = (fault: Fault, requestId: string) => Reply

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** RFC 9457, for internal routes. */
export const problemShape: FaultShape = (fault, requestId) => ({
  status: faultStatus[fault.code].status,
  headers: headersOf(fault, PROBLEM_TYPE),
  body: JSON.stringify(problemDocument(fault, requestId)),
})

export function problemDocument(fault: Fault, requestId: string) {
  const { status, title } = faultStatus[fault.code]
  const { errors, members } = fault.options
  return {
    type: `/docs#${fault.code}`,
    title,
    status,
    code: fault.code,
    detail: fault.message,
    request_id: requestId,
    ...(errors && { errors }),
    ...members,
  }
}

/** The error format of session initialization: the three keys that Divar reads. */
export const sessionShape: FaultShape = (fault) => {
  const { status } = faultStatus[fault.code]
  return {
    status,
    headers: headersOf(fault, 'application/json; charset=utf-8'),
    body: JSON.stringify({ status: String(status), message: fault.message, url: '' }),
  }
}

function headersOf({ options: { retryAfter, allow, headers } }: Fault, contentType: string): Record<string, string> {
  return {
    ...headers,
    'content-type': contentType,
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    ...(allow !== undefined && { allow }),
  }
}

/** The log event and level of a fault. */
export type LogVerdict = (code: FaultCode) => { event: string; level: Level }

/** Faults of the gateway or its operator, logged as errors. */
const OURS: ReadonlySet<FaultCode> = new Set([
  'internal_error',
  'resolver_failed',
  'store_unavailable',
  'grant_unreadable',
])

export function logRefusalAs(event: string): LogVerdict {
  return (code) => ({ event, level: OURS.has(code) ? 'error' : 'info' })
}

/** Error handler: answers with the fault's status in `shape`, and concludes the request log. Internal detail is only logged. */
export function answerFaults(shape: FaultShape, verdict: LogVerdict): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const fault = asFault(error)
    const { internal, cause } = fault.options
    const { requestLog } = response.locals
    const reply = shape(fault, requestLog.requestId)
    if (!response.headersSent) response.status(reply.status)
    requestLog.fields['code'] = fault.code
    if (internal !== undefined) requestLog.fields['reason'] = internal
    if (OURS.has(fault.code) && cause !== undefined) Object.assign(requestLog.fields, describeError(cause))
    const { event, level } = verdict(fault.code)
    requestLog.conclude(event, level)
    if (response.headersSent) {
      response.destroy()
      return
    }
    response.set(reply.headers).end(reply.body)
    discardRest(request)
  }
}

/** Catches errors of the other error handlers; without it Express would answer with a stack trace. */
export function lastResort(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    log.error({ event: 'request.unanswered', ...describeError(error) })
    if (response.headersSent) response.destroy()
    else response.status(500).end()
  }
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  // Thrown by Express for invalid percent-encoding in the path.
  if (error instanceof URIError) return new Fault('malformed_request', 'path: expected valid percent-encoding')
  return new Fault('internal_error', 'The gateway failed; its log has this request_id.', { cause: error })
}

/** Divar's own paths: an SDK that uses the gateway as its host must be able to read every error. */
export const PLATFORM_PREFIX = /^\/(?:v\d+|experimental)\/open-platform(?=\/|$)/i

const JSON_TYPE = 'application/json; charset=utf-8'

/** gRPC status codes, as Divar uses them, by our HTTP status. */
const PLATFORM_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 5,
  409: 10,
  412: 9,
  413: 3,
  415: 3,
  422: 3,
  429: 8,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 2,
}
const UNKNOWN_CODE = 2

/** Divar's error format, with our problem document in `details`. */
export const platformShape: FaultShape = (fault, requestId) => {
  const { status, headers } = problemShape(fault, requestId)
  return platformError(status, headers, problemDocument(fault, requestId))
}

const problemMembers = z.looseObject({ status: z.int(), detail: z.string() })

/** Converts a response of `/messages` for Divar's own paths: errors in Divar's format, and no `ignored`. */
export function toPlatformReply(reply: Reply): Reply {
  const body: unknown = JSON.parse(reply.body)
  if (reply.headers['content-type'] === PROBLEM_TYPE) {
    return platformError(reply.status, reply.headers, problemMembers.parse(body))
  }
  if (!isJsonObject(body) || !Object.hasOwn(body, 'ignored')) return reply
  const { ignored: _, ...rest } = body
  return { ...reply, body: JSON.stringify(rest) }
}

function platformError(
  status: number,
  headers: Reply['headers'],
  problem: JsonObject & { status: number; detail: string },
): Reply {
  return {
    status,
    headers: { ...headers, 'content-type': JSON_TYPE },
    body: JSON.stringify({
      code: PLATFORM_CODES[problem.status] ?? UNKNOWN_CODE,
      message: problem.detail,
      details: [{ '@type': 'kenar/problem', ...problem }],
    }),
  }
}
