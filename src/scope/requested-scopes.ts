import { NO_CONTROL } from '../base/fields.ts'
import { readScope, type Scope } from './scope.ts'

/** What scopes are derived from: whatever is known of a chat. */
export type Chat = {
  conversationId?: string | undefined
  postToken?: string | undefined
  /** v1 names a chat by its three. */
  triple?: { userId: string; postToken: string; peerId: string } | undefined
}

/** Something that cannot be asked for, and why, in words that hold no value of a person's. */
export class ScopeError extends Error {
  override name = 'ScopeError'
}

/** What a resolver or a service may ask for by a word. */
export const SCOPE_WORDS = ['chat', 'post_chats', 'seller_chats', 'phone', 'user_id', 'offline'] as const

/** A scope as a resolver or a service asks for it: by a word, or as the platform writes it. */
export type RequestedScope = (typeof SCOPE_WORDS)[number] | `${Uppercase<string>}_${string}` | 'offline_access'

/**
 * The scopes that words and written scopes stand for, each once. `chat` is whatever names the chat: its id, its three, or both, since
 * messages may be sent by either. Written scopes pass as they are.
 * @throws ScopeError for a word from which nothing can be derived, or that is none
 */
export function requestedScopes(asked: readonly string[], chat: Chat): ScopeRequest[] {
  const wanted = asked.flatMap((word) => derive(word, chat))
  return [...new Map(wanted.map((one) => [JSON.stringify(one.scope), one])).values()]
}

/** `text` is there when somebody wrote the scope: it is asked for to the letter. */
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

/** A blank would end the scope and begin another; control characters are in no id. */
function isResource(id: string): boolean {
  return NO_CONTROL.test(id) && !/\s/.test(id)
}

function chatScopes({ conversationId, triple }: Chat): ScopeRequest[] {
  const scopes: Scope[] = []
  if (conversationId !== undefined && isResource(conversationId)) scopes.push({ kind: 'conversation', conversationId })
  if (triple !== undefined && Object.values(triple).every(isOfTriple)) scopes.push({ kind: 'chat', ...triple })
  if (scopes.length === 0) {
    throw new ScopeError('chat: there is no conversation_id, nor user_id, post_token and peer_id, to derive it from')
  }
  return scopes.map((scope) => ({ scope }))
}

/** A colon in an id would make it another three. */
function isOfTriple(id: string): boolean {
  return NO_CONTROL.test(id) && !id.includes(':')
}

/** As the platform writes them: a name in capitals, perhaps with a resource. A misspelt word is none. */
const WRITTEN = /^(?:[A-Z]+(?:_[A-Z]+)+(?:(?:\.|__)[\x21-\x7e]+)?|offline_access)$/

/** Whether this can be asked for at all, from whatever chat. */
export function isAskable(text: string): text is RequestedScope {
  return SCOPE_WORDS.some((word) => word === text) || WRITTEN.test(text)
}

function readWritten(text: string): ScopeRequest {
  if (!WRITTEN.test(text)) {
    throw new ScopeError(`expected ${SCOPE_WORDS.join(', ')}, or a scope as the platform writes it`)
  }
  return { scope: readScope(text), text }
}

/** Whether a scope is the right to write into this one chat, which Divar grants to its two users only. */
export function namesThisChat(scope: Scope, chat: Chat): boolean {
  return (scope.kind === 'conversation' || scope.kind === 'chat') && isOfThisChat(scope, chat)
}

/** Whether a scope speaks of nothing but this one chat; what is asked for beside any other does no harm. */
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
