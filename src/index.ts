/** What a resolver in TypeScript needs: its types, and `defineResolver`. To test one, see `kenar-chat-gateway/testing`. */
export type { Click, Location, Side } from './click/click.ts'
export { defineResolver, type Landing, type Resolver, type ResolverContext } from './resolver/resolver.ts'
export type { RequestedScope } from './scope/scope.ts'
