import { startDeadline } from '../base/timeout.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import type { Click } from '../click/click.ts'
import { checkLanding, type CheckedLanding, type LandingPolicy } from './landing.ts'
import { ResolverError, type CallContext, type UncheckedResolver } from './resolver.ts'

/** A resolver that answers at once is not waited for. */
export type Resolve = (click: Click, context: Omit<CallContext, 'signal'>) => Promise<CheckedLanding> | CheckedLanding

export type ResolveOptions = {
  resolver: UncheckedResolver
  timeoutMs: number
  policy: LandingPolicy
  /** Ends every resolving at once, when the process has no more time. */
  cutOff: AbortSignal
}

/**
 * Runs a resolver against its deadline and checks what it answers. A resolver that is late is told so through its signal; whatever it
 * says afterwards is dropped. One that answers at once needs no deadline, and one that never looks at its signal gets none made.
 * @throws ResolverError when it throws, is late, or answers no usable landing
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

/** What one run of a resolver is given. Its signal is made when somebody asks for it. */
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
