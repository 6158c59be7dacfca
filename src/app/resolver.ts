import type { Logger } from '../observability/log.ts'
import { loadResolver } from '../resolver/load.ts'
import type { UncheckedResolver } from '../resolver/resolver.ts'
import { withBreaker } from '../resolver/forward.ts'
import { logBreaker, type BreakerReading, type OpenHost } from './divar.ts'
import type { Config } from '../config/config.ts'

/**
 * The operator's resolver; a service gets a breaker.
 * @throws ResolverSetupError
 */
export async function openResolver(
  { resolver: choice, resolverTimeoutMs: timeoutMs }: Config,
  openHost: OpenHost,
  log: Logger,
): Promise<{ resolver: UncheckedResolver; breakers: BreakerReading[] }> {
  const breakers: BreakerReading[] = []
  const openWithBreaker: OpenHost = (url, connectTimeoutMs) => {
    const { host, state } = withBreaker(openHost(url, connectTimeoutMs), logBreaker(url.origin, log))
    breakers.push({ host: url.origin, state })
    return host
  }
  const resolver = await loadResolver(choice, { timeoutMs, openHost: openWithBreaker })
  return { resolver, breakers }
}
