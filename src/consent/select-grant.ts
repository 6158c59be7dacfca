import type { Address, Sender } from '../message/message.ts'
import type { Scope } from '../scope/scope.ts'
import { holds, type Grant, type GrantCodec } from './grant.ts'

/** A scope that covers a message, and in whose name it is asked, where that is known. The narrowest scopes come first. */
export type Covering = { scope: Scope; userId?: string | undefined }

/**
 * The scopes that surely cover a message. One chat's scope names its chat. That of a post covers a conversation only when the sender says
 * that it is about this post, and that of a seller only when the sender says in whose name: nothing is guessed.
 */
export function coveringScopes(address: Address, { userId, postToken }: Sender): Covering[] {
  if (address.kind === 'conversation') {
    return [
      { scope: { kind: 'conversation', conversationId: address.conversationId }, userId },
      ...(postToken === undefined ? [] : [{ scope: { kind: 'post' as const, postToken }, userId }]),
      ...(userId === undefined ? [] : [{ scope: { kind: 'seller' as const }, userId }]),
    ]
  }
  // The v1 scope of one chat holds the sender itself.
  const { kind: _, ...triple } = address
  return [
    { scope: { kind: 'chat', ...triple } },
    { scope: { kind: 'post', postToken: triple.postToken }, userId: triple.userId },
    { scope: { kind: 'seller' }, userId: triple.userId },
  ]
}

/** What grants that cover a message are found by. */
export function namesOfCovering(covering: readonly Covering[], { names }: GrantCodec): string[] {
  return covering.flatMap(({ scope, userId }) =>
    userId === undefined ? names.scope(scope) : names.owned(userId, scope),
  )
}

/**
 * The grant with the narrowest scope that covers, the newest of these; `ambiguous` when those of two users do.
 * @param found newest first
 * @param except ids of grants that are not to be used again; whose message it is does not change by them
 */
export function narrowest(
  found: readonly Grant[],
  covering: readonly Covering[],
  except: ReadonlySet<string> = new Set(),
): Grant | 'ambiguous' | undefined {
  const ranked = found
    .map((grant) => ({ grant, rank: covering.findIndex((one) => covers(grant, one)) }))
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank)
  const owners = new Set(ranked.map(({ grant, rank }) => senderBy(grant, covering[rank])))
  return owners.size > 1 ? 'ambiguous' : ranked.find(({ grant }) => !except.has(grant.id))?.grant
}

/** In whose name a message goes by a grant: as the message says, and where it does not, in the grant's owner's. */
function senderBy({ userId, chatUserId }: Grant, one: Covering | undefined): string | undefined {
  const named = one?.scope.kind === 'chat' ? one.scope.userId : one?.userId
  return named ?? userId ?? chatUserId
}

function covers(grant: Grant, { scope, userId }: Covering): boolean {
  return holds(grant, scope) && (userId === undefined || grant.userId === userId || grant.chatUserId === userId)
}
