import type { ErrorRequestHandler } from 'express'
import { Fault, type FaultCode } from '../base/fault.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { discardRest } from './body.ts'
import { faultStatus } from './fault-status.ts'
import type { Level } from './request-log.ts'

/** An answer as a value: what is sent, and what could be kept. */
export type Reply = { status: number; headers: Record<string, string>; body: string }

/** Writes a fault in the language of whoever asked. */
export type FaultShape = (fault: Fault, requestId: string) => Reply

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** RFC 9457, for our own services. */
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

/** The three keys of session initialization, for Divar and the developers who read its logs. */
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

/** Under which event, and how loudly, a fault goes into the log. */
export type Verdict = (code: FaultCode) => { event: string; level: Level }

/** Faults that are nobody's but ours. */
const OURS: ReadonlySet<FaultCode> = new Set([
  'internal_error',
  'resolver_failed',
  'store_unavailable',
  'grant_unreadable',
])

export function refusedAs(event: string): Verdict {
  return (code) => ({ event, level: OURS.has(code) ? 'error' : 'info' })
}

/** Ends every request that threw: the fault's status, the shape of this side, one line in the log. Nothing internal goes out. */
export function answerFaults(shape: FaultShape, verdict: Verdict): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const fault = asFault(error)
    const { internal, cause } = fault.options
    const { unit } = response.locals
    const reply = shape(fault, unit.requestId)
    if (!response.headersSent) response.status(reply.status)
    unit.fields['code'] = fault.code
    if (internal !== undefined) unit.fields['reason'] = internal
    if (OURS.has(fault.code) && cause !== undefined) Object.assign(unit.fields, describeError(cause))
    const { event, level } = verdict(fault.code)
    unit.conclude(event, level)
    if (response.headersSent) {
      response.destroy()
      return
    }
    response.set(reply.headers).end(reply.body)
    discardRest(request)
  }
}

/** Ends what even the handlers above failed to answer; without it Express would answer with the stack. */
export function lastResort(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    log.error({ event: 'request.unanswered', ...describeError(error) })
    if (response.headersSent) response.destroy()
    else response.status(500).end()
  }
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  // Express throws this for a path that cannot be percent-decoded.
  if (error instanceof URIError) return new Fault('malformed_request', 'path: expected valid percent-encoding')
  return new Fault('internal_error', 'The gateway failed; its log has this request_id.', { cause: error })
}
