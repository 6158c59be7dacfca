/** What somebody who writes a resolver names: types alone. To try one, see `kenar-chat-gateway/testing`. */
export type { Click, Location, Side } from './click/click.ts'
export type { Landing, Resolver, ResolverContext } from './resolver/resolver.ts'
