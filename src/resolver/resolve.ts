import type { Click } from '../click/click.ts'
import { checkLanding, type LandingPolicy } from './landing.ts'
import { ResolverError, type Landing, type CallContext, type UncheckedResolver } from './resolver.ts'

export type Resolve = (click: Click, context: Omit<CallContext, 'signal'>) => Promise<Landing>

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
  return async (click, context) => {
    const ended = new LazyAbort()
    const answer = run(resolver, click, {
      ...context,
      get signal() {
        return ended.signal
      },
    })
    if (!isThenable(answer)) return checkLanding(answer, policy)
    return checkLanding(await inTime(answer, ended, timeoutMs, cutOff), policy)
  }
}

async function inTime(
  answer: PromiseLike<unknown>,
  ended: LazyAbort,
  timeoutMs: number,
  cutOff: AbortSignal,
): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const end = (reason: string) => {
    late.reject(new ResolverError(reason))
    ended.abort(reason)
  }
  const timer = setTimeout(end, timeoutMs, `the resolver missed its deadline of ${timeoutMs} ms`)
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
    clearTimeout(timer)
    cutOff.removeEventListener('abort', onCutOff)
  }
}

/** A signal that is made when somebody asks for it. */
class LazyAbort {
  #controller: AbortController | undefined
  #reason: string | undefined

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
