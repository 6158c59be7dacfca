import type { ErrorRequestHandler, Response } from 'express'
import { Fault, type FaultCode } from '../base/fault.ts'
import { describeError } from '../base/log.ts'
import { faultStatus } from './fault-status.ts'
import type { Level } from './unit-of-work.ts'

/** The body of a refusal, in the language of whoever asked. */
type FaultShape = (fault: Fault, response: Response) => { contentType: string; body: unknown }

/** RFC 9457, for our own services. */
export const problemShape: FaultShape = (fault, response) => {
  const { status, title } = faultStatus[fault.code]
  return {
    contentType: 'application/problem+json',
    body: {
      type: `/docs#${fault.code}`,
      title,
      status,
      code: fault.code,
      detail: fault.message,
      request_id: response.locals.unit.requestId,
      ...(fault.options.errors && { errors: fault.options.errors }),
      ...fault.options.members,
    },
  }
}

/** The three keys of session initialization, for Divar and the developers who read its logs. */
export const sessionShape: FaultShape = (fault) => ({
  contentType: 'application/json',
  body: { status: String(faultStatus[fault.code].status), message: fault.message, url: '' },
})

/** Under which event, and how loudly, a fault goes into the log. */
type Verdict = (code: FaultCode) => { event: string; level: Level }

/** Faults that are nobody's but ours. */
const OURS: ReadonlySet<FaultCode> = new Set(['internal_error', 'resolver_failed'])

export function refusedAs(event: string): Verdict {
  return (code) => ({ event, level: OURS.has(code) ? 'error' : 'info' })
}

/** Ends every request that threw: the fault's status, the shape of this side, one line in the log. Nothing internal goes out. */
export function answerFaults(shape: FaultShape, verdict: Verdict): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const fault = asFault(error)
    const { internal, cause, retryAfter, allow } = fault.options
    const { unit } = response.locals
    if (!response.headersSent) response.status(faultStatus[fault.code].status)
    unit.fields['code'] = fault.code
    if (internal !== undefined) unit.fields['reason'] = internal
    if (OURS.has(fault.code) && cause !== undefined) Object.assign(unit.fields, describeError(cause))
    const { event, level } = verdict(fault.code)
    unit.conclude(event, level)
    if (response.headersSent) {
      next(error)
      return
    }
    const { contentType, body } = shape(fault, response)
    if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter))
    if (allow !== undefined) response.setHeader('allow', allow)
    response.type(contentType).json(body)
  }
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  // Express throws this for a path that cannot be percent-decoded.
  if (error instanceof URIError) return new Fault('malformed_request', 'path: expected valid percent-encoding')
  return new Fault('internal_error', 'The gateway failed; its log has this request_id.', { cause: error })
}
