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
 * says afterwards is dropped.
 * @throws ResolverError when it throws, is late, or answers no usable landing
 */
export function resolveWithin({ resolver, timeoutMs, policy, cutOff }: ResolveOptions): Resolve {
  return async (click, context) => {
    const ended = new AbortController()
    const late = new Promise<never>((_, reject) => {
      ended.signal.addEventListener('abort', () => {
        reject(new ResolverError(String(ended.signal.reason)))
      })
    })
    const timer = setTimeout(() => {
      ended.abort(`the resolver missed its deadline of ${timeoutMs} ms`)
    }, timeoutMs)
    const onCutOff = () => {
      ended.abort('the process ended before the resolver answered')
    }
    cutOff.addEventListener('abort', onCutOff)
    if (cutOff.aborted) onCutOff()
    try {
      const answer = run(resolver, click, { ...context, signal: ended.signal })
      return checkLanding(await Promise.race([answer, late]), policy)
    } finally {
      clearTimeout(timer)
      cutOff.removeEventListener('abort', onCutOff)
    }
  }
}

async function run(resolver: UncheckedResolver, click: Click, context: CallContext): Promise<unknown> {
  try {
    return await resolver(click, context)
  } catch (error) {
    if (error instanceof ResolverError) throw error
    throw new ResolverError('the resolver threw', error)
  }
}
