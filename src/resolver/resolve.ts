import type { Click } from '../click/click.ts'
import { checkLanding, type LandingPolicy } from './landing.ts'
import { ResolverError, type Landing, type ResolverContext, type UncheckedResolver } from './resolver.ts'

export type Resolve = (click: Click, context: Omit<ResolverContext, 'signal'>) => Promise<Landing>

/**
 * Runs a resolver against its deadline and checks what it answers. A resolver that is late is told so through its signal; whatever it
 * says afterwards is dropped.
 * @throws ResolverError when it throws, is late, or answers no usable landing
 */
export function resolveWithin(timeoutMs: number, resolver: UncheckedResolver, policy: LandingPolicy): Resolve {
  return async (click, context) => {
    const deadline = new AbortController()
    const late = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener('abort', () => {
        reject(new ResolverError(`the resolver missed its deadline of ${timeoutMs} ms`))
      })
    })
    const timer = setTimeout(() => {
      deadline.abort()
    }, timeoutMs)
    try {
      const answer = run(resolver, click, { ...context, signal: deadline.signal })
      return checkLanding(await Promise.race([answer, late]), policy)
    } finally {
      clearTimeout(timer)
    }
  }
}

async function run(resolver: UncheckedResolver, click: Click, context: ResolverContext): Promise<unknown> {
  try {
    return await resolver(click, context)
  } catch (error) {
    if (error instanceof ResolverError) throw error
    throw new ResolverError('the resolver threw', error)
  }
}
