import { startDeadline } from '../base/timeout.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import type { Click } from '../click/click.ts'
import { checkLanding, type CheckedLanding, type LandingPolicy } from './landing.ts'
import { ResolverError, type CallContext, type UncheckedResolver } from './resolver.ts'

/** Synchronous if the resolver is. */
export type Resolve = (click: Click, context: Omit<CallContext, 'signal'>) => Promise<CheckedLanding> | CheckedLanding

export type ResolveOptions = {
  resolver: UncheckedResolver
  timeoutMs: number
  policy: LandingPolicy
  /** Ends all running calls when the process must stop. */
  cutOff: AbortSignal
}

/**
 * Runs a resolver with its timeout and checks its answer. On timeout its signal is aborted, and a later answer is discarded.
 * @throws ResolverError when it throws, times out, or answers no usable landing
 */
export function resolveWithin({ resolver, timeoutMs, policy, cutOff }: ResolveOptions): Resolve {
  const check = (answer: unknown) => checkLanding(answer, policy)
  return (click, { log, requestId, trace }) => {
    const call = new Call(log, requestId, trace)
    const answer = run(resolver, click, call)
    return isThenable(answer) ? inTime(answer, call, timeoutMs, cutOff).then(check) : check(answer)
  }
}

async function inTime(
  answer: PromiseLike<unknown>,
  call: Call,
  timeoutMs: number,
  cutOff: AbortSignal,
): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const end = (reason: string) => {
    late.reject(new ResolverError(reason))
    call.abort(reason)
  }
  const stopDeadline = startDeadline(timeoutMs, () => {
    end(`the resolver missed its deadline of ${timeoutMs} ms`)
  })
  const onCutOff = () => {
    end('the process ended before the resolver answered')
  }
  cutOff.addEventListener('abort', onCutOff)
  if (cutOff.aborted) onCutOff()
  try {
    return await Promise.race([answer, late.promise])
  } catch (error) {
    throw asResolverError(error)
  } finally {
    stopDeadline()
    cutOff.removeEventListener('abort', onCutOff)
  }
}

/** The context of one call of a resolver. Its signal is created on first use. */
class Call implements CallContext {
  readonly log: Logger
  readonly requestId: string
  readonly trace: Trace
  #controller: AbortController | undefined
  #reason: string | undefined

  constructor(log: Logger, requestId: string, trace: Trace) {
    this.log = log
    this.requestId = requestId
    this.trace = trace
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  abort(reason: string): void {
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

function run(resolver: UncheckedResolver, click: Click, context: CallContext): unknown {
  try {
    return resolver(click, context)
  } catch (error) {
    throw asResolverError(error)
  }
}

function asResolverError(error: unknown): ResolverError {
  return error instanceof ResolverError ? error : new ResolverError('the resolver threw', error)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
