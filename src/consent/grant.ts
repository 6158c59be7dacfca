import * as z from 'zod'
import type { Keyring } from '../base/keyring.ts'
import type { TokenPair } from '../divar/token-client.ts'
import type { Address, Sender } from '../message/message.ts'
import type { Logger } from '../observability/log.ts'
import { nameOfScope, readScope, type Scope } from '../scope/scope.ts'
import type { GrantName, StoredGrant } from '../store/consent-store.ts'
import { openOrLog as openSealedOrLog } from '../store/store-faults.ts'
import type { Sealed } from '../store/store.ts'

/** The user of a grant: `userId` as Divar confirmed it, `chatUserId` as the chat's v1 scope names it where the two cannot be compared. */
export type Owner = { userId?: string | undefined; chatUserId?: string | undefined }

type OwnedScopes = Owner & { scopes: readonly Scope[] }

/** What a user has consented to: tokens, their owner and their scopes. */
export type Grant = OwnedScopes &
  TokenPair &
  Omit<StoredGrant, 'content' | 'previous'> & {
    /** The access token before the last refresh, while it is still valid. */
    previousAccessToken?: string | undefined
  }

/** The sealed content of a stored grant; scopes in the v2 notation. */
const contentSchema = z.object({
  userId: z.string().optional(),
  chatUserId: z.string().optional(),
  scopes: z.array(z.string()),
  accessToken: z.string(),
  refreshToken: z.string().optional(),
})

const previousSchema = z.object({ accessToken: z.string() })

/** Binds each sealed part to its row and column. */
const places = {
  content: (id: string) => `grant/${id}/content`,
  previous: (id: string) => `grant/${id}/previous`,
}

const MAX_UNREADABLE = 10_000

/** Seals and opens the grants of the store, and computes the MACs of their index. */
export type GrantCodec = ReturnType<typeof createGrantCodec>

export function createGrantCodec(keyring: Keyring) {
  const macs = (...parts: string[]) => keyring.macs('grant', JSON.stringify(parts))
  const names = {
    user: (userId: string) => macs('user', userId),
    owned: (userId: string, scope: Scope) => macs('owned', userId, nameOfScope(scope)),
    scope: (scope: Scope) => macs('scope', nameOfScope(scope)),
  }
  const resealText = (sealed: Sealed, place: string) => keyring.seal(keyring.open(sealed, place), place)
  return {
    /** Ids of grants that could not be opened. */
    unreadable: new Set<string>(),
    primary: keyring.primary,
    names,
    namesOf: ({ userId, chatUserId, scopes }: OwnedScopes): GrantName[] => {
      const owners = [...new Set([userId, chatUserId])].filter((owner) => owner !== undefined)
      return [
        ...owners.map((owner) => ({ kind: 'user' as const, macs: names.user(owner) })),
        ...owners.flatMap((owner) =>
          scopes.map((scope) => ({ kind: 'owned' as const, macs: names.owned(owner, scope) })),
        ),
        ...scopes.map((scope) => ({ kind: 'scope' as const, macs: names.scope(scope) })),
      ]
    },
    seal: (id: string, grant: OwnedScopes & TokenPair): Sealed => {
      const { userId, chatUserId, accessToken, refreshToken } = grant
      const scopes = grant.scopes.map(nameOfScope)
      return keyring.seal(JSON.stringify({ userId, chatUserId, scopes, accessToken, refreshToken }), places.content(id))
    },
    sealPrevious: (id: string, { accessToken, refreshToken }: TokenPair): Sealed =>
      keyring.seal(JSON.stringify({ accessToken, refreshToken }), places.previous(id)),
    /** @throws SealError when the row was altered or its key is not configured */
    open: (stored: StoredGrant): Grant => {
      const { content, previous, ...row } = stored
      const { scopes, ...opened } = contentSchema.parse(JSON.parse(keyring.open(content, places.content(row.id))))
      const before = previous && previousSchema.parse(JSON.parse(keyring.open(previous, places.previous(row.id))))
      return { ...row, ...opened, scopes: scopes.map(readScope), previousAccessToken: before?.accessToken }
    },
    reseal: ({ id, content, previous }: StoredGrant) => ({
      content: resealText(content, places.content(id)),
      previous: previous && resealText(previous, places.previous(id)),
    }),
  }
}

/** Opens a stored grant. One that cannot be opened is logged. */
export function openOrLog(codec: GrantCodec, stored: StoredGrant, log: Logger): Grant | undefined {
  const grant = openSealedOrLog(() => codec.open(stored), { grant_id: stored.id }, log)
  if (grant !== undefined) codec.unreadable.delete(stored.id)
  else if (codec.unreadable.size < MAX_UNREADABLE) codec.unreadable.add(stored.id)
  return grant
}

/** A grant's scopes after a refresh. The answer's scopes can only narrow them; an answer without scopes changes nothing. */
export function narrowTo(scopes: readonly Scope[], named: readonly string[] | undefined): readonly Scope[] {
  if (named === undefined) return scopes
  const names = new Set(named.map((text) => nameOfScope(readScope(text))))
  const left = scopes.filter((scope) => scope.kind === 'offline' || names.has(nameOfScope(scope)))
  // offline_access alone grants nothing.
  return left.every(({ kind }) => kind === 'offline') ? [] : left
}

/** Whether a grant has a scope, in either notation. */
export function hasScope({ scopes }: Pick<Grant, 'scopes'>, scope: Scope): boolean {
  const name = nameOfScope(scope)
  return scopes.some((own) => nameOfScope(own) === name)
}

/** A scope that covers a message or a call, and the user who must own the grant, where that is known. */
export type Covering = { scope: Scope; userId?: string | undefined }

/** The scopes that certainly cover a message, the narrowest first. Those of a post or a seller only if the message names it. */
export function coveringScopes(address: Address, { userId, postToken }: Sender): Covering[] {
  if (address.kind === 'conversation') {
    return [
      { scope: { kind: 'conversation', conversationId: address.conversationId }, userId },
      ...(postToken === undefined ? [] : [{ scope: { kind: 'post' as const, postToken }, userId }]),
      ...(userId === undefined ? [] : [{ scope: { kind: 'seller' as const }, userId }]),
    ]
  }
  // Written with the app's key alone.
  if (address.kind === 'bot_conversation') return []
  if (address.kind === 'bot_user') return [{ scope: { kind: 'bot_messages' }, userId: address.userId }]
  // The v1 scope of a chat contains the sender.
  const { kind: _, ...triple } = address
  return [
    { scope: { kind: 'chat', ...triple } },
    { scope: { kind: 'post', postToken: triple.postToken }, userId: triple.userId },
    { scope: { kind: 'seller' }, userId: triple.userId },
  ]
}

/**
 * The newest grant with the narrowest scope; `ambiguous` when grants of two users cover the message.
 * @param found newest first
 * @param except ids of grants that are not chosen, but count for `ambiguous`
 */
export function narrowest(
  found: readonly Grant[],
  covering: readonly Covering[],
  except: ReadonlySet<string>,
): Grant | 'ambiguous' | undefined {
  const ranked = found
    .map((grant) => ({ grant, rank: covering.findIndex((one) => covers(grant, one)) }))
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank)
  const senders = new Set(ranked.map(({ grant, rank }) => senderBy(grant, covering[rank])))
  return senders.size > 1 ? 'ambiguous' : ranked.find(({ grant }) => !except.has(grant.id))?.grant
}

/** The sender of a message that goes by this grant: the one that the message names, otherwise the grant's owner. */
function senderBy({ userId, chatUserId }: Grant, one: Covering | undefined): string | undefined {
  const named = one?.scope.kind === 'chat' ? one.scope.userId : one?.userId
  return named ?? userId ?? chatUserId
}

/** Checks the sealed content as well, since the index by which a grant was found is not sealed to it. */
function covers(grant: Grant, { scope, userId }: Covering): boolean {
  return hasScope(grant, scope) && (userId === undefined || grant.userId === userId || grant.chatUserId === userId)
}
