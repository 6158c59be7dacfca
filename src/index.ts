/** What a resolver in TypeScript needs: its types, `defineResolver` and `defineAction`. To test one, see `kenar-chat-gateway/testing`. */
export type { ActionRequest, Click, Location, Side } from './click/click.ts'
export { defineAction, type ActionAnswer, type DynamicAction } from './resolver/action.ts'
export { defineResolver, type Landing, type Resolver, type ResolverContext } from './resolver/resolver.ts'
export type { RequestedScope } from './scope/scope.ts'
