import type { Click } from '../click/click.ts'
import type { Tokens } from '../divar/token-client.ts'
import type { Address, Sender } from '../message/message.ts'
import { ResolverError } from '../resolver/resolver.ts'
import {
  isOfThisChat,
  nameOfScope,
  namesThisChat,
  readScope,
  requestedScopes,
  ScopeError,
  type Chat,
  type RequestedScope,
  type Scope,
  type ScopeRequest,
} from '../scope/scope.ts'

/** Whose consent is needed, and for which chat. */
export type ConsentSubject = Chat & {
  /** The id that Divar's users endpoint must return for the token. Without it the user's identity cannot be verified. */
  userId?: string | undefined
  /** The user is the seller in this chat. */
  isSeller?: boolean
}

/** The users endpoint does not return v1 ids, so on v1 the triple identifies the user and `userId` stays empty. */
export function subjectOfClick(click: Click): ConsentSubject {
  const { wire, conversationId, postToken, userId, peerId, side } = click
  const isSeller = side === 'supply'
  if (wire === 'v2') return { conversationId, postToken, userId, isSeller }
  const hasTriple = userId !== undefined && postToken !== undefined && peerId !== undefined
  return { conversationId, postToken, isSeller, ...(hasTriple && { triple: { userId, postToken, peerId } }) }
}

export function subjectOfMessage(address: Address, { userId, postToken }: Sender): ConsentSubject {
  if (address.kind === 'conversation') return { conversationId: address.conversationId, postToken, userId }
  // Divar's answer names the conversation with the bot; its id is no chat between users.
  if (address.kind === 'bot_conversation') return {}
  if (address.kind === 'bot_user') return { userId: address.userId }
  const { kind: _, ...triple } = address
  return { postToken: triple.postToken, triple }
}

/**
 * Without a `userId` to compare, scopes beyond this chat need the chat's own scope beside them: Divar grants that one to the chat's two users
 * only, so a token answer that names it identifies the user.
 * @throws ScopeError
 */
export function requireVerifiableUser(requested: readonly ScopeRequest[], subject: ConsentSubject): void {
  if (subject.userId !== undefined || requested.every(({ scope }) => isOfThisChat(scope, subject))) return
  if (requested.some(({ scope }) => namesThisChat(scope, subject))) return
  throw new ScopeError('beside chat only user_id and offline can be asked for where it cannot be proven who consents')
}

/** Why these scopes cannot be requested, without repetitions; nothing if they can. */
export function findScopeErrors(words: readonly string[], subject: ConsentSubject): string[] {
  const errors = new Set<string>()
  const collect = (check: () => void) => {
    try {
      check()
    } catch (error) {
      if (!(error instanceof ScopeError)) throw error
      errors.add(error.message)
    }
  }
  const requested: ScopeRequest[] = []
  for (const word of words) collect(() => requested.push(...requestedScopes([word], subject)))
  collect(() => {
    requireVerifiableUser(requested, subject)
  })
  return [...errors]
}

/**
 * Checks a landing's scopes as the gateway does when consent is set up.
 * @throws ResolverError when the scopes cannot be requested for this click
 */
export function requireValidScopes(scopes: string[], click: Click): asserts scopes is RequestedScope[] {
  const subject = subjectOfClick(click)
  try {
    requireVerifiableUser(requestedScopes(scopes, subject), subject)
  } catch (error) {
    throw landingScopesError(error)
  }
}

/** The error of a landing whose scopes cannot be requested; other errors are returned unchanged. */
export function landingScopesError(error: unknown): unknown {
  return error instanceof ScopeError ? new ResolverError(`the Landing's scopes: ${error.message}`) : error
}

/** The scopes that cover `scope`, starting with itself. A seller's scope for a post, or for all posts, covers each of its chats. */
export function scopesCovering(scope: Scope, { postToken, isSeller }: ConsentSubject): Scope[] {
  if (isSeller !== true || !['conversation', 'chat', 'post'].includes(scope.kind)) return [scope]
  const ofPost: Scope[] = postToken === undefined || scope.kind === 'post' ? [] : [{ kind: 'post', postToken }]
  return [scope, ...ofPost, { kind: 'seller' }]
}

/** The scopes to store; undefined if the user granted only some of those requested. An answer without scopes grants them all. */
export function grantedScopes(
  written: readonly string[],
  subject: ConsentSubject,
  { scopes, refreshToken }: Tokens,
): readonly Scope[] | undefined {
  const requested = written.map(readScope)
  const granted = scopes?.map(readScope)
  const isVerifiable = subject.userId !== undefined
  const names = new Set((granted ?? requested).map(nameOfScope))
  const isGranted = (scope: Scope) =>
    names.has(nameOfScope(scope)) ||
    // USER_ID is needed only for the comparison of ids. A refresh token proves offline_access.
    (scope.kind === 'user_id' && !isVerifiable) ||
    (scope.kind === 'offline' && refreshToken !== undefined)
  if (!requested.every(isGranted)) return undefined
  return isVerifiable ? (granted ?? requested) : unverifiedScopes(requested, granted, subject)
}

/** All requested scopes if the answer names this chat's scope (see `requireVerifiableUser`), otherwise only those of this chat. */
function unverifiedScopes(requested: readonly Scope[], granted: readonly Scope[] | undefined, subject: ConsentSubject) {
  if (granted?.some((scope) => namesThisChat(scope, subject)) !== true) {
    return requested.filter((scope) => isOfThisChat(scope, subject))
  }
  const names = new Set(requested.map(nameOfScope))
  return granted.filter((scope) => names.has(nameOfScope(scope)))
}
