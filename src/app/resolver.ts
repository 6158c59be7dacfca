import type { Logger } from '../observability/log.ts'
import { forwardResolver, withBreaker } from '../resolver/forward.ts'
import { moduleResolver } from '../resolver/module.ts'
import type { UncheckedResolver } from '../resolver/resolver.ts'
import { templateResolver } from '../resolver/template.ts'
import { logBreaker, type BreakerReading, type OpenHost } from './divar.ts'
import type { Config } from '../config/config.ts'

/**
 * Creates the configured resolver; a service gets a breaker. A new kind is a new file in `resolver/` and a case here.
 * @throws ResolverSetupError
 */
export async function openResolver(
  { resolver: choice, resolverTimeoutMs: timeoutMs }: Config,
  openHost: OpenHost,
  log: Logger,
): Promise<{ resolver: UncheckedResolver; breakers: BreakerReading[] }> {
  switch (choice.kind) {
    case 'template':
      return { resolver: templateResolver(choice.template, choice), breakers: [] }
    case 'module':
      return { resolver: await moduleResolver(choice.file), breakers: [] }
    case 'forward': {
      const { url, secret } = choice
      const { host, state } = withBreaker(openHost(url, timeoutMs), logBreaker(url.origin, log))
      const resolver = forwardResolver({ url, secret, timeoutMs, host })
      return { resolver, breakers: [{ host: url.origin, state }] }
    }
  }
}
