import type { ErrorRequestHandler } from 'express'
import * as z from 'zod'
import { Fault, faultStatus, type FaultCode } from '../base/fault.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { describeError, type Level, type Logger } from '../observability/log.ts'
import { JSON_TYPE, type Reply } from './listener.ts'
import { discardRest } from './request.ts'

/** Writes a fault in the error format of a group of routes. */
type FaultShape = (fault: Fault, requestId: string) => Reply

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** RFC 9457, for internal routes. */
export const problemShape: FaultShape = (fault, requestId) =>
  replyOf(fault, PROBLEM_TYPE, problemDocument(fault, requestId))

/** The error format of Divar's calls to the gateway. */
export const statusShape: FaultShape = (fault) => replyOf(fault, JSON_TYPE, statusAndMessage(fault))

/** The error format of session initialization: the three keys that Divar reads. */
export const sessionShape: FaultShape = (fault) => replyOf(fault, JSON_TYPE, { ...statusAndMessage(fault), url: '' })

function statusAndMessage({ code, message }: Fault) {
  return { status: String(faultStatus[code].status), message }
}

/** Divar's error format, with our problem document in `details`. */
export const platformShape: FaultShape = (fault, requestId) =>
  replyOf(fault, JSON_TYPE, platformError(problemDocument(fault, requestId)))

function problemDocument({ code, message, options: { errors, members } }: Fault, requestId: string) {
  const { status, title } = faultStatus[code]
  return {
    type: `/docs#${code}`,
    title,
    status,
    code,
    detail: message,
    request_id: requestId,
    ...(errors && { errors }),
    ...members,
  }
}

function replyOf({ code, options: { retryAfter, allow, headers } }: Fault, type: string, document: JsonObject): Reply {
  return {
    status: faultStatus[code].status,
    headers: {
      ...headers,
      'content-type': type,
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      ...(allow !== undefined && { allow }),
    },
    body: JSON.stringify(document),
  }
}

/** The log event and level of a fault. */
export type FaultLogging = (code: FaultCode) => { event: string; level: Level }

/** Faults of the gateway or its operator, logged as errors. */
const OURS: ReadonlySet<FaultCode> = new Set([
  'internal_error',
  'resolver_failed',
  'action_failed',
  'store_unavailable',
  'events_queue_full',
  'grant_unreadable',
])

export function logRefusalAs(event: string): FaultLogging {
  return (code) => ({ event, level: OURS.has(code) ? 'error' : 'info' })
}

/** Answers a fault in `shape` and concludes the request log. Internal detail is only logged. */
export function answerFaults(shape: FaultShape, logging: FaultLogging): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const fault = asFault(error)
    const { internal, cause } = fault.options
    const { requestLog } = response.locals
    const reply = shape(fault, requestLog.requestId)
    if (!response.headersSent) response.status(reply.status)
    requestLog.fields['code'] = fault.code
    if (internal !== undefined) requestLog.fields['reason'] = internal
    if (OURS.has(fault.code) && cause !== undefined) Object.assign(requestLog.fields, describeError(cause))
    const { event, level } = logging(fault.code)
    requestLog.conclude(event, level)
    if (response.headersSent) response.destroy()
    else {
      response.set(reply.headers).end(reply.body)
      discardRest(request)
    }
  }
}

/** Answers errors of the other error handlers; without it Express would send a stack trace. */
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

/** Divar's own paths, where an SDK must be able to read every error. */
export const PLATFORM_PREFIX = /^\/(?:v\d+|experimental)\/open-platform(?=\/|$)/i

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

const problemMembers = z.looseObject({ status: z.int(), detail: z.string() })

/** Converts a response of `/messages` for Divar's own paths: errors in Divar's format, and no `ignored`. */
export function toPlatformReply(reply: Reply): Reply {
  const body: unknown = JSON.parse(reply.body)
  if (reply.headers['content-type'] === PROBLEM_TYPE) {
    const headers = { ...reply.headers, 'content-type': JSON_TYPE }
    return { ...reply, headers, body: JSON.stringify(platformError(problemMembers.parse(body))) }
  }
  if (!isJsonObject(body) || !Object.hasOwn(body, 'ignored')) return reply
  const { ignored: _, ...rest } = body
  return { ...reply, body: JSON.stringify(rest) }
}

function platformError(problem: JsonObject & { status: number; detail: string }): JsonObject {
  return {
    code: PLATFORM_CODES[problem.status] ?? UNKNOWN_CODE,
    message: problem.detail,
    details: [{ '@type': 'kenar/problem', ...problem }],
  }
}
