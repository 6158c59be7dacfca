import type { Side } from './shown.ts'
import type { World } from './world.ts'

/** What a scope is for, free of how it is written. */
export type ScopeKind = 'one_chat' | 'post_chats' | 'seller_chats' | 'phone' | 'user_id' | 'offline'

export type Scope = { raw: string; kind: ScopeKind; resource: string }

/** Every name that either notation has had; whether it names a resource follows from its kind. */
const KINDS = new Map<string, ScopeKind>([
  ['CHAT_SEND_MESSAGE_OAUTH', 'one_chat'],
  ['CHAT_MESSAGE_SEND', 'one_chat'],
  ['CONVERSATION_SEND_MESSAGE', 'one_chat'],
  ['CHAT_SEND_MESSAGE_POST_CONVERSATIONS', 'post_chats'],
  ['CHAT_POST_CONVERSATIONS_MESSAGE_SEND', 'post_chats'],
  ['CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND', 'seller_chats'],
  ['USER_PHONE', 'phone'],
  ['USER_ID', 'user_id'],
  ['offline_access', 'offline'],
])

const NEEDS_RESOURCE = new Set<ScopeKind>(['one_chat', 'post_chats'])

/** Reads a scope of either notation: `NAME.resource` or `NAME__resource`; nothing when the platform has none of this form. */
export function readScope(raw: string): Scope | undefined {
  const [, name = '', resource = ''] = /^([A-Za-z]+(?:_[A-Za-z]+)*)(?:\.|__)?(.*)$/s.exec(raw) ?? []
  const kind = KINDS.get(name)
  if (kind === undefined || NEEDS_RESOURCE.has(kind) !== (resource !== '')) return undefined
  return { raw, kind, resource }
}

/** Scopes stand between blanks, or between `+`, which in a query is the same. */
export function splitScopes(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}

/** The one chat of v1, as a resource: base64 of its three names. */
export function chatResource({ people, post }: World, side: Side): string {
  const other = side === 'seller' ? 'buyer' : 'seller'
  return Buffer.from(`${people[side].v1Id}:${post.token}:${people[other].v1Id}`).toString('base64')
}

/**
 * Whether a scope names one chat in the name of somebody who is not this user. What the platform does then is documented nowhere; that
 * it lets nobody give away another's chat is inferred.
 */
export function isOfAnother({ kind, resource }: Scope, world: World, side: Side): boolean {
  if (kind !== 'one_chat' || resource === world.conversationId) return false
  const [userId, postToken] = Buffer.from(resource, 'base64').toString('utf8').split(':')
  return postToken !== undefined && userId !== world.people[side].v1Id
}

/** Whether what a user agreed to lets an app write into the conversation in that user's name. */
export function coversConversation(world: World, side: Side, scopes: readonly string[]): boolean {
  return scopes.some((raw) => {
    const scope = readScope(raw)
    if (scope?.kind === 'seller_chats') return side === 'seller'
    if (scope?.kind === 'post_chats') return side === 'seller' && scope.resource === world.post.token
    if (scope?.kind !== 'one_chat') return false
    return scope.resource === chatResource(world, side) || scope.resource === world.conversationId
  })
}
