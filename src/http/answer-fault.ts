import type { ErrorRequestHandler, Response } from 'express'
import { Fault } from '../base/fault.ts'
import { describeError } from '../base/log.ts'
import { faultStatus } from './fault-status.ts'

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

/** Ends every request that threw: the fault's status, the shape of this side, one line in the log. Nothing internal goes out. */
export function answerFaults(shape: FaultShape, event: string): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const fault = asFault(error)
    const { status } = faultStatus[fault.code]
    const { unit } = response.locals
    unit.event ??= event
    unit.fields['code'] = fault.code
    if (fault.options.internal !== undefined) unit.fields['reason'] = fault.options.internal
    if (fault.code === 'internal_error' || fault.code === 'resolver_failed') {
      unit.level = 'error'
      if (fault.options.cause !== undefined) Object.assign(unit.fields, describeError(fault.options.cause))
    }
    if (response.headersSent) {
      next(error)
      return
    }
    const { contentType, body } = shape(fault, response)
    if (fault.options.retryAfter !== undefined) response.setHeader('retry-after', String(fault.options.retryAfter))
    if (fault.options.allow !== undefined) response.setHeader('allow', fault.options.allow)
    response.status(status).type(contentType).json(body)
  }
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  // Express throws this for a path that cannot be percent-decoded.
  if (error instanceof URIError) return new Fault('malformed_request', 'path: expected valid percent-encoding')
  return new Fault('internal_error', 'The gateway failed; its log has this request_id.', { cause: error })
}
