import type { Config } from '../config/config.ts'
import type { ActionRequest } from '../click/click.ts'
import { forwardAction, forwardResolver } from '../resolver/forward.ts'
import { loadResolverModule } from '../resolver/module.ts'
import type { Unchecked, UncheckedResolver } from '../resolver/resolver.ts'
import { templateResolver } from '../resolver/template.ts'
import type { Upstreams } from './upstreams.ts'

/** What answers clicks, and what answers dynamic actions if anything does. */
export type OperatorsCode = { resolver: UncheckedResolver; actions: ActionsCode | undefined }
export type ActionsCode = { kind: 'module' | 'forward'; dynamicAction: Unchecked<ActionRequest> }

/**
 * The configured resolver and the configured dynamic action; ACTION_URL goes before a module's export.
 * @throws ResolverSetupError
 */
export async function openOperatorsCode(config: Config, upstreams: Upstreams): Promise<OperatorsCode> {
  const { actionService: service, resolverTimeoutMs: timeoutMs } = config
  const { resolver, dynamicAction } = await openResolver(config, upstreams)
  if (service !== undefined) {
    const host = upstreams.openResolver(service.url, timeoutMs)
    return { resolver, actions: { kind: 'forward', dynamicAction: forwardAction({ ...service, timeoutMs, host }) } }
  }
  return { resolver, actions: dynamicAction && { kind: 'module', dynamicAction } }
}

type Opened = { resolver: UncheckedResolver; dynamicAction?: Unchecked<ActionRequest> | undefined }

/** A new kind is a new file in `resolver/` and a case here. */
async function openResolver({ resolver, resolverTimeoutMs: timeoutMs }: Config, upstreams: Upstreams): Promise<Opened> {
  switch (resolver.kind) {
    case 'template':
      return { resolver: templateResolver(resolver.template, resolver) }
    case 'module':
      return loadResolverModule(resolver.file)
    case 'forward': {
      const host = upstreams.openResolver(resolver.url, timeoutMs)
      return { resolver: forwardResolver({ ...resolver, timeoutMs, host }) }
    }
  }
}
