import { Fault, type FaultCode } from '../base/fault.ts'
import { startDeadline } from '../base/timeout.ts'
import { elapsedMs, type RequestLog } from '../http/app.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { StoreError } from '../store/store.ts'
import { ResolverError, type CallContext, type Unchecked } from './resolver.ts'

const SHED_RETRY_S = 1

/** Synchronous if the function is. */
export type Call<Asked, Checked> = (
  asked: Asked,
  context: Omit<CallContext, 'controller'>,
) => Promise<Checked> | Checked

export type CallOptions<Asked, Checked> = {
  run: Unchecked<Asked>
  /** The function in errors, such as `the resolver`. */
  name: string
  timeoutMs: number
  /** @throws ResolverError */
  check: (answer: unknown) => Checked
  /** Ends all running calls when the process must stop. */
  shutdownSignal: AbortSignal
}

/**
 * Runs a function of the operator's with its timeout and checks its answer. On timeout its signal is aborted, and a later answer is discarded.
 * @throws ResolverError when it throws, times out, or answers nothing usable
 */
export function createCall<Asked, Checked>(options: CallOptions<Asked, Checked>): Call<Asked, Checked> {
  const { run, name, check } = options
  return (asked, context) => {
    const controller = new AbortController()
    let answer: unknown
    try {
      answer = run(asked, { ...context, controller })
    } catch (error) {
      throw asResolverError(error, name)
    }
    return isThenable(answer) ? inTime(answer, controller, options).then(check) : check(answer)
  }
}

async function inTime(
  answer: PromiseLike<unknown>,
  controller: AbortController,
  { name, timeoutMs, shutdownSignal }: Pick<CallOptions<never, unknown>, 'name' | 'timeoutMs' | 'shutdownSignal'>,
): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const end = (reason: string) => {
    late.reject(new ResolverError(reason))
    controller.abort(reason)
  }
  const stopDeadline = startDeadline(timeoutMs, () => {
    end(`${name} missed its deadline of ${timeoutMs} ms`)
  })
  const onShutdown = () => {
    end(`the process ended before ${name} answered`)
  }
  shutdownSignal.addEventListener('abort', onShutdown)
  if (shutdownSignal.aborted) onShutdown()
  try {
    return await Promise.race([answer, late.promise])
  } catch (error) {
    throw asResolverError(error, name)
  } finally {
    stopDeadline()
    shutdownSignal.removeEventListener('abort', onShutdown)
  }
}

function asResolverError(error: unknown, name: string): ResolverError {
  return error instanceof ResolverError ? error : new ResolverError(`${name} threw`, error)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

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
