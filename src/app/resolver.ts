import type { Logger } from '../observability/log.ts'
import { loadResolver } from '../resolver/load.ts'
import type { UncheckedResolver } from '../resolver/resolver.ts'
import { spareHost } from '../resolver/resolver-breaker.ts'
import { tellBreaker, type BreakerReading } from './breakers.ts'
import type { Config } from '../config/config.ts'
import type { OpenHost } from './divar.ts'

/**
 * The operator's resolver; one that is a service stands behind a breaker.
 * @throws ResolverSetupError
 */
export async function openResolver(
  { resolver: choice, resolverTimeoutMs: timeoutMs }: Config,
  openHost: OpenHost,
  log: Logger,
): Promise<{ resolver: UncheckedResolver; breakers: BreakerReading[] }> {
  const breakers: BreakerReading[] = []
  const openSpared: OpenHost = (url, connectTimeoutMs) => {
    const { host, state } = spareHost(openHost(url, connectTimeoutMs), tellBreaker(url.origin, log))
    breakers.push({ host: url.origin, state })
    return host
  }
  const resolver = await loadResolver(choice, { timeoutMs, openHost: openSpared })
  return { resolver, breakers }
}
