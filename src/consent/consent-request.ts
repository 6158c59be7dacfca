import type { Click } from '../click/click.ts'
import type { Address, Sender } from '../message/message.ts'
import type { Scope } from '../scope/scope.ts'
import { isOfThisChat, namesThisChat, ScopeError, type Chat, type ScopeRequest } from '../scope/requested-scopes.ts'

/** Who is to be asked, and about which chat. */
export type ConsentSubject = Chat & {
  /** Whose consent it must be, by an id of the kind that Divar's users endpoint tells; without, nobody can be compared. */
  userId?: string | undefined
  /** On the seller's side of the chat. */
  isSeller?: boolean
}

/** v1 ids are of another kind than those that the users endpoint tells, so there the three stand for the user. */
export function subjectOfClick(click: Click): ConsentSubject {
  const { wire, conversationId, postToken, userId, peerId, side } = click
  const isSeller = side === 'supply'
  if (wire === 'v2') return { conversationId, postToken, userId, isSeller }
  const hasTriple = userId !== undefined && postToken !== undefined && peerId !== undefined
  return { conversationId, postToken, isSeller, ...(hasTriple && { triple: { userId, postToken, peerId } }) }
}

export function subjectOfMessage(address: Address, { userId, postToken }: Sender): ConsentSubject {
  if (address.kind === 'conversation') return { conversationId: address.conversationId, postToken, userId }
  const { kind: _, ...triple } = address
  return { postToken: triple.postToken, triple }
}

/**
 * Where it cannot be proven whose consent it is, other scopes may be asked for only beside that of the chat: Divar grants a chat's scope only
 * to one of its two users, so an answer that names it tells who consented.
 * @throws ScopeError
 */
export function requireProvableOwner(wanted: readonly ScopeRequest[], asked: ConsentSubject): void {
  if (asked.userId !== undefined || wanted.every(({ scope }) => isOfThisChat(scope, asked))) return
  if (wanted.some(({ scope }) => namesThisChat(scope, asked))) return
  throw new ScopeError('beside chat only user_id and offline can be asked for where it cannot be proven who consents')
}

/** The scopes by which a wanted one is covered, itself first: who may write into all chats of a post may write into each. */
export function scopesCovering(scope: Scope, { postToken, isSeller }: ConsentSubject): Scope[] {
  if (isSeller !== true || !['conversation', 'chat', 'post'].includes(scope.kind)) return [scope]
  const ofPost: Scope[] = postToken === undefined || scope.kind === 'post' ? [] : [{ kind: 'post', postToken }]
  return [scope, ...ofPost, { kind: 'seller' }]
}
