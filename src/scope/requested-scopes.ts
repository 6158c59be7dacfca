import { NO_CONTROL } from '../base/fields.ts'
import { readScope, type Scope } from './scope.ts'

/** What is known of a chat; scopes are derived from it. */
export type Chat = {
  conversationId?: string | undefined
  postToken?: string | undefined
  /** The three ids that identify a chat on v1. */
  triple?: { userId: string; postToken: string; peerId: string } | undefined
}

/** A scope cannot be requested. The message holds no personal data. */
export class ScopeError extends Error {
  override name = 'ScopeError'
}

/** The words by which a resolver or a caller requests scopes. */
export const SCOPE_WORDS = ['chat', 'post_chats', 'seller_chats', 'phone', 'user_id', 'offline'] as const

/** A scope as a resolver or a caller requests it: a word, or as the platform writes it. */
export type RequestedScope = (typeof SCOPE_WORDS)[number] | `${Uppercase<string>}_${string}` | 'offline_access'

/**
 * The scopes that words and written scopes stand for, without duplicates. `chat` becomes the scope of the conversation id, of the v1 ids, or
 * both, since messages may be sent by either. Written scopes are not changed.
 * @throws ScopeError for an unknown word, or one for which the chat lacks an id
 */
export function requestedScopes(words: readonly string[], chat: Chat): ScopeRequest[] {
  const requests = words.flatMap((word) => derive(word, chat))
  return [...new Map(requests.map((one) => [JSON.stringify(one.scope), one])).values()]
}

/** `text`: a written scope, requested exactly like this. */
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
      return [readWritten(word)]
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

/** A scope as the platform writes it: a name in capitals with `_`, optionally with a resource. */
const WRITTEN = /^(?:[A-Z]+(?:_[A-Z]+)+(?:(?:\.|__)[\x21-\x7e]+)?|offline_access)$/

/** Whether a text is a word or a written scope; whether it can be requested also depends on the chat. */
export function isRequestedScope(text: string): text is RequestedScope {
  return SCOPE_WORDS.some((word) => word === text) || WRITTEN.test(text)
}

function readWritten(text: string): ScopeRequest {
  if (!WRITTEN.test(text)) {
    throw new ScopeError(`expected ${SCOPE_WORDS.join(', ')}, or a scope as the platform writes it`)
  }
  return { scope: readScope(text), text }
}

/** Whether a scope is the permission to send to this chat, which Divar grants to its two users only. */
export function namesThisChat(scope: Scope, chat: Chat): boolean {
  return (scope.kind === 'conversation' || scope.kind === 'chat') && isOfThisChat(scope, chat)
}

/** Whether a scope concerns this chat only. `user_id` and `offline` count, since they permit nothing by themselves. */
export function isOfThisChat(scope: Scope, { conversationId, triple }: Chat): boolean {
  switch (scope.kind) {
    case 'conversation':
      return scope.conversationId === conversationId
    case 'chat':
      return scope.userId === triple?.userId && scope.postToken === triple.postToken && scope.peerId === triple.peerId
    case 'user_id':
    case 'offline':
      return true
    case 'post':
    case 'seller':
    case 'phone':
    case 'other':
      return false
  }
}
