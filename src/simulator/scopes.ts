import PUBLISHED from './published-scopes.json' with { type: 'json' }
import type { Side } from './shown.ts'
import type { World } from './world.ts'

/** What a scope is for, free of its notation; `other` are published scopes that the simulator gives no meaning to. */
export type ScopeKind = 'one_chat' | 'post_chats' | 'seller_chats' | 'phone' | 'user_id' | 'offline' | 'other'

export type Scope = { raw: string; name: string; kind: ScopeKind; resource: string }

/** The scopes that mean something here. */
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

/** Scopes of the v1 era, which are no longer published. */
const FORMER = ['CHAT_SEND_MESSAGE_OAUTH.resource_id', 'CHAT_SEND_MESSAGE_POST_CONVERSATIONS.resource_id']

/** Every name that a scope may have, and whether it names a resource. */
const NEEDS_RESOURCE = new Map([...PUBLISHED, ...FORMER].map((scope) => [scope.split('.')[0], scope.includes('.')]))

/** `NAME`, `NAME.resource` or `NAME__resource`, in the characters that RFC 6749 (3.3) leaves to a scope. */
const FORM = /^([A-Za-z]+(?:_[A-Za-z]+)*)(?:(?:\.|__)([\x21\x23-\x5b\x5d-\x7e]+))?$/

/** Reads a scope of either notation; undefined when the platform has no scope of this form. */
export function readScope(raw: string): Scope | undefined {
  const [, name, resource = ''] = FORM.exec(raw) ?? []
  if (name === undefined || NEEDS_RESOURCE.get(name) !== (resource !== '')) return undefined
  return { raw, name, kind: KINDS.get(name) ?? 'other', resource }
}

/** Scopes are separated by blanks alone (RFC 6749, 3.3); a `+` in a query is a blank. */
export function splitScopes(text: string): string[] {
  return text.split(' ').filter(Boolean)
}

/** The one chat of v1, as a resource: base64 of its three names. */
export function chatResource({ people, post }: World, side: Side): string {
  const other = side === 'seller' ? 'buyer' : 'seller'
  return Buffer.from(`${people[side].v1Id}:${post.token}:${people[other].v1Id}`).toString('base64')
}

/**
 * Whether a scope names one chat in the name of another user than this one. What the platform does then is not documented; that it
 * refuses is inferred.
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

/** What a user granted when the platform gives less than was asked: no chat, or else all but the last scope. */
export function fewerScopes(scopes: readonly string[]): string[] {
  const withoutChats = scopes.filter((raw) => !isAboutChats(raw))
  return withoutChats.length < scopes.length ? withoutChats : scopes.slice(0, -1)
}

/** The same scopes for another chat than was asked for. */
export function foreignScopes(scopes: readonly string[]): string[] {
  const foreign = scopes.filter(isAboutChats).map(() => 'CONVERSATION_SEND_MESSAGE.another-conversation')
  return [...new Set([...scopes.filter((raw) => !isAboutChats(raw)), ...foreign])]
}

function isAboutChats(raw: string): boolean {
  const kind = readScope(raw)?.kind
  return kind === 'one_chat' || kind === 'post_chats' || kind === 'seller_chats'
}
