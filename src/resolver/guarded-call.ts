import { Fault, type FaultCode } from '../base/fault.ts'
import { elapsedMs, type RequestLog } from '../http/app.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { StoreError } from '../store/store.ts'
import type { Call } from './call.ts'
import { ResolverError } from './resolver.ts'

const SHED_RETRY_S = 1

export type GuardOptions<Asked, Checked, Answer> = {
  /** Begins the events of the log. */
  subject: 'click' | 'action'
  call: Call<Asked, Checked>
  /** Makes the answer from what the call returned. */
  finish: (asked: Asked, checked: Checked, requestLog: RequestLog) => Promise<Answer> | Answer
  /** The answer when the call or the store fails, or too many calls are running. */
  fallback: Answer | undefined
  /** The error of a failed call without a fallback. */
  failed: { code: FaultCode; message: string }
  /** Calls that may be running at once; above it, requests get the fallback or 503. */
  maxRunning: number
  log: Logger
}

/**
 * Makes the function that asks the operator's code for an answer: it limits how many calls run, measures them, and answers the fallback when one fails.
 * @throws Fault when there is no fallback
 */
export function createGuardedCall<Asked, Checked, Answer>(
  options: GuardOptions<Asked, Checked, Answer>,
): (asked: Asked, requestLog: RequestLog) => Promise<Answer> {
  const { call, finish, maxRunning, log } = options
  let running = 0
  return async (asked, requestLog) => {
    if (running >= maxRunning) return shed(requestLog, options)
    running += 1
    try {
      const startedAt = performance.now()
      let checked: Checked | Promise<Checked>
      try {
        checked = call(asked, { log, requestId: requestLog.requestId, trace: requestLog.trace })
        if (checked instanceof Promise) checked = await checked
      } finally {
        requestLog.fields['resolver_ms'] = elapsedMs(startedAt)
      }
      const answer = finish(asked, checked, requestLog)
      return answer instanceof Promise ? await answer : answer
    } catch (error) {
      return fallBack(error, requestLog, options)
    } finally {
      running -= 1
    }
  }
}

type Refusal<Answer> = Pick<GuardOptions<never, never, Answer>, 'subject' | 'fallback' | 'failed' | 'maxRunning'>

function shed<Answer>(requestLog: RequestLog, { subject, fallback, maxRunning }: Refusal<Answer>): Answer {
  requestLog.fields['reason'] = `${maxRunning} ${subject}s are running`
  if (fallback === undefined) requestLog.fields['code'] = 'overloaded'
  requestLog.conclude(`${subject}.shed`, 'error')
  if (fallback !== undefined) return fallback
  throw new Fault('overloaded', `This app takes no more ${subject}s just now.`, { retryAfter: SHED_RETRY_S })
}

/** Both the fallback and the error are logged as errors. */
function fallBack<Answer>(
  error: unknown,
  requestLog: RequestLog,
  { subject, fallback, failed }: Refusal<Answer>,
): Answer {
  const isOurs = error instanceof ResolverError || error instanceof StoreError
  const internal = isOurs ? error.message : 'the resolver failed'
  const cause = isOurs ? error.cause : error
  if (fallback === undefined && error instanceof StoreError) {
    throw new Fault('store_unavailable', `This app cannot take ${subject}s just now.`, { internal, cause })
  }
  if (fallback === undefined) throw new Fault(failed.code, failed.message, { internal, cause })
  Object.assign(requestLog.fields, { reason: internal }, cause === undefined ? {} : describeError(cause))
  requestLog.conclude(`${subject}.fell_back`, 'error')
  return fallback
}
