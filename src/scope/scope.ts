import { NO_CONTROL } from '../base/fields.ts'

/** A permission that a user grants to the app, independent of the platform's notation. */
export type Scope =
  /** One chat, by its id. */
  | { kind: 'conversation'; conversationId: string }
  /** One chat, by its three v1 ids; messages are sent as `userId`. */
  | { kind: 'chat'; userId: string; postToken: string; peerId: string }
  /** All chats of one post; messages are sent as its owner. */
  | { kind: 'post'; postToken: string }
  /** All chats of all posts of the user. */
  | { kind: 'seller' }
  /** Messages of the app's bot to the user. */
  | { kind: 'bot_messages' }
  | { kind: 'phone' }
  | { kind: 'user_id' }
  /** A refresh token. */
  | { kind: 'offline' }
  /** Unknown to this version; `text` as written. */
  | { kind: 'other'; text: string }

/** The notation of scopes: `v2` is `NAME.resource`, separated by spaces; `v1` is `NAME__resource`, separated by `+`. */
export type ScopeStyle = 'v1' | 'v2'

const NAMES = {
  conversation: { v1: 'CONVERSATION_SEND_MESSAGE', v2: 'CONVERSATION_SEND_MESSAGE' },
  chat: { v1: 'CHAT_SEND_MESSAGE_OAUTH', v2: 'CHAT_MESSAGE_SEND' },
  post: { v1: 'CHAT_SEND_MESSAGE_POST_CONVERSATIONS', v2: 'CHAT_POST_CONVERSATIONS_MESSAGE_SEND' },
  seller: {
    v1: 'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND',
    v2: 'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND',
  },
  bot_messages: { v1: 'CHAT_BOT_USER_MESSAGE_SEND', v2: 'CHAT_BOT_USER_MESSAGE_SEND' },
  phone: { v1: 'USER_PHONE', v2: 'USER_PHONE' },
  user_id: { v1: 'USER_ID', v2: 'USER_ID' },
  offline: { v1: 'offline_access', v2: 'offline_access' },
} as const satisfies Record<Exclude<Scope['kind'], 'other'>, Record<ScopeStyle, string>>

const SEPARATORS = { v1: '__', v2: '.' }

/** Writes a scope in the platform's notation. */
export function writeScope(scope: Scope, style: ScopeStyle): string {
  if (scope.kind === 'other') return scope.text
  const name = NAMES[scope.kind][style]
  const withResource = (resource: string) => writeNotation(name, resource, style)
  switch (scope.kind) {
    case 'conversation':
      return withResource(scope.conversationId)
    case 'chat':
      // Standard base64 with padding; `+`, `/` and `=` are percent-encoded in the query.
      return withResource(Buffer.from(`${scope.userId}:${scope.postToken}:${scope.peerId}`).toString('base64'))
    case 'post':
      return withResource(scope.postToken)
    case 'seller':
    case 'bot_messages':
    case 'phone':
    case 'user_id':
    case 'offline':
      return name
  }
}

/** A scope's name and the resource that it is for, in the platform's notation. */
export function writeNotation(name: string, resource: string, style: ScopeStyle): string {
  return `${name}${SEPARATORS[style]}${resource}`
}

const NOTATION = /^([A-Za-z]+(?:_[A-Za-z]+)*)(?:(?:\.|__)(.+))?$/s

/** Reads a scope in either notation; an unknown one becomes `other`. */
export function readScope(text: string): Scope {
  const [, name = '', resource] = NOTATION.exec(text) ?? []
  const isName = (kind: keyof typeof NAMES) => NAMES[kind].v1 === name || NAMES[kind].v2 === name
  const other: Scope = { kind: 'other', text }
  if (resource === undefined) {
    const kind = WITHOUT_RESOURCE.find(isName)
    return kind === undefined ? other : { kind }
  }
  // The v2 name is documented with other resources too; those are read as `other`.
  if (isName('chat')) return readTriple(resource) ?? other
  if (isName('conversation')) return { kind: 'conversation', conversationId: resource }
  return isName('post') ? { kind: 'post', postToken: resource } : other
}

const WITHOUT_RESOURCE = ['seller', 'bot_messages', 'phone', 'user_id', 'offline'] as const

function readTriple(resource: string): Scope | undefined {
  const text = Buffer.from(resource, 'base64').toString('utf8')
  const [userId, postToken, peerId, ...more] = text.split(':')
  const isWhole = Buffer.from(text, 'utf8').toString('base64').replaceAll('=', '') === resource.replaceAll('=', '')
  if (!isWhole || !userId || !postToken || !peerId || more.length > 0) return undefined
  return { kind: 'chat', userId, postToken, peerId }
}

/** A scope's canonical name: two scopes are equal when their names are. */
export function nameOfScope(scope: Scope): string {
  return writeScope(scope, 'v2')
}

/**
 * Splits the `scope` of a token answer: at whitespace, or without any at each `+` that a name follows. Base64 contains `+` as well, but
 * no `_`, which every name but `openid` has.
 */
export function splitScopes(text: string): string[] {
  const words = text.trim().split(/\s+/)
  return (words.length > 1 ? words : text.trim().split(/\+(?=[A-Za-z]+_[A-Za-z]|openid(?:\+|$))/)).filter(Boolean)
}

/** The known ids of a chat; scopes are derived from them. */
export type Chat = {
  conversationId?: string | undefined
  postToken?: string | undefined
  /** The three ids that identify a chat on v1. */
  triple?: { userId: string; postToken: string; peerId: string } | undefined
  /** A written scope of one resource, e.g. one post. Divar grants it only to those whom the resource belongs to. */
  resourceScope?: string | undefined
}

/** A scope cannot be requested. The message holds no personal data. */
export class ScopeError extends Error {
  override name = 'ScopeError'
}

/** Words that request scopes, for resolvers and callers. */
export const SCOPE_WORDS = ['chat', 'post_chats', 'seller_chats', 'phone', 'user_id', 'offline'] as const

/** A scope as a resolver or a caller requests it: one of the words, or in Divar's notation. */
export type RequestedScope =
  (typeof SCOPE_WORDS)[number] | `${Uppercase<string>}_${string}` | 'offline_access' | 'openid'

/**
 * The scopes of these words and written scopes, without duplicates. `chat` becomes the scope of the conversation id, of the v1 ids, or
 * both, since messages may be sent by either. Written scopes are not changed.
 * @throws ScopeError for an unknown word, or one for which the chat lacks an id
 */
export function requestedScopes(words: readonly string[], chat: Chat): ScopeRequest[] {
  const requests = words.flatMap((word) => derive(word, chat))
  return [...new Map(requests.map((one) => [JSON.stringify(one.scope), one])).values()]
}

/** `text`: a scope in Divar's notation, which is requested unchanged. */
export type ScopeRequest = { scope: Scope; text?: string }

function derive(word: string, chat: Chat): ScopeRequest[] {
  switch (word) {
    case 'chat':
      return chatScopes(chat)
    case 'post_chats':
      if (chat.postToken === undefined || !isResource(chat.postToken))
        throw new ScopeError('post_chats: there is no post_token to derive it from')
      return [{ scope: { kind: 'post', postToken: chat.postToken } }]
    case 'seller_chats':
      return [{ scope: { kind: 'seller' } }]
    case 'phone':
    case 'user_id':
    case 'offline':
      return [{ scope: { kind: word } }]
    default:
      if (!WRITTEN.test(word)) {
        throw new ScopeError(`expected ${SCOPE_WORDS.join(', ')}, or a scope as the platform writes it`)
      }
      return [{ scope: readScope(word), text: word }]
  }
}

/** Whitespace would separate two scopes; ids have no control characters. */
function isResource(id: string): boolean {
  return NO_CONTROL.test(id) && !/\s/.test(id)
}

function chatScopes({ conversationId, triple }: Chat): ScopeRequest[] {
  const scopes: Scope[] = []
  if (conversationId !== undefined && isResource(conversationId)) scopes.push({ kind: 'conversation', conversationId })
  if (triple !== undefined && Object.values(triple).every(isTripleId)) scopes.push({ kind: 'chat', ...triple })
  if (scopes.length === 0) {
    throw new ScopeError('chat: there is no conversation_id, nor user_id, post_token and peer_id, to derive it from')
  }
  return scopes.map((scope) => ({ scope }))
}

/** A colon separates the three ids. */
function isTripleId(id: string): boolean {
  return NO_CONTROL.test(id) && !id.includes(':')
}

/** A scope as the platform writes it: a name in capitals with `_`, optionally with a resource; or one of the two of OpenID. */
const WRITTEN = /^(?:[A-Z]+(?:_[A-Z]+)+(?:(?:\.|__)[\x21-\x7e]+)?|offline_access|openid)$/

/** Whether a text is a scope as the platform writes it, in either notation. */
export function isWrittenScope(text: string): boolean {
  return WRITTEN.test(text)
}

/** Whether a text is a word or a written scope; whether it can be requested also depends on the chat. */
export function isRequestedScope(text: string): text is RequestedScope {
  return SCOPE_WORDS.some((word) => word === text) || isWrittenScope(text)
}

/** Whether a scope is the permission to send to this chat, which Divar grants to its two users only. */
export function namesThisChat(scope: Scope, chat: Chat): boolean {
  return (scope.kind === 'conversation' || scope.kind === 'chat') && isOfThisChat(scope, chat)
}

/** Whether a scope concerns only this chat, or this resource. `user_id` and `offline` count, since they permit nothing by themselves. */
export function isOfThisChat(scope: Scope, { conversationId, triple, resourceScope }: Chat): boolean {
  if (scope.kind === 'other') return scope.text === resourceScope
  if (scope.kind === 'conversation') return scope.conversationId === conversationId
  if (scope.kind === 'chat') {
    return scope.userId === triple?.userId && scope.postToken === triple.postToken && scope.peerId === triple.peerId
  }
  return scope.kind === 'user_id' || scope.kind === 'offline'
}
