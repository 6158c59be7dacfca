import * as z from 'zod'
import type { Keyring } from '../base/keyring.ts'
import type { TokenPair } from '../divar/token-client.ts'
import { nameOfScope, readScope, writeScope, type Scope } from '../scope/scope.ts'
import type { GrantName, StoredGrant } from '../store/consent-store.ts'
import type { Sealed } from '../store/store.ts'

/** Whose a grant is: who Divar said it was, and who the click said, where these two could not be compared. */
export type Owner = { userId?: string | undefined; chatUserId?: string | undefined }

/** What a user's consent has come to: tokens, scopes, whom and what they cover. */
export type Grant = Owner &
  TokenPair & {
    id: string
    scopes: readonly Scope[]
    /** The access token before this one, while it is still good. */
    previousAccessToken?: string | undefined
  } & Pick<StoredGrant, 'version' | 'accessMs' | 'refreshMs' | 'pairAgeMs' | 'createdAt' | 'refreshedAt'>

/** What lies sealed of a grant; scopes in the v2 notation. */
const contentSchema = z.object({
  userId: z.string().optional(),
  chatUserId: z.string().optional(),
  scopes: z.array(z.string()),
  accessToken: z.string(),
  refreshToken: z.string().optional(),
})

const previousSchema = z.object({ accessToken: z.string(), refreshToken: z.string().optional() })

/** Each part opens in its own row and place only. */
const places = {
  content: (id: string) => `grant/${id}/content`,
  previous: (id: string) => `grant/${id}/previous`,
}

/** Reads and writes what the store keeps sealed of grants, and names what they are found by. */
export type GrantCodec = ReturnType<typeof createGrantCodec>

export function createGrantCodec(keyring: Keyring) {
  const macs = (text: string) => keyring.macs('grant', text)
  const textOf = (grant: Pick<Grant, 'scopes'> & Owner & TokenPair) => {
    const { userId, chatUserId, scopes, accessToken, refreshToken } = grant
    const written = scopes.map((scope) => writeScope(scope, 'v2'))
    return JSON.stringify({ userId, chatUserId, scopes: written, accessToken, refreshToken })
  }
  const names = {
    user: (userId: string) => macs(JSON.stringify(['user', userId])),
    owned: (userId: string, scope: Scope) => macs(JSON.stringify(['owned', userId, nameOfScope(scope)])),
    scope: (scope: Scope) => macs(JSON.stringify(['scope', nameOfScope(scope)])),
  }
  return {
    primary: keyring.primary,
    names,
    namesOf: ({ userId, chatUserId, scopes }: Pick<Grant, 'scopes'> & Owner): GrantName[] => {
      const owners = [...new Set([userId, chatUserId])].filter((owner) => owner !== undefined)
      return [
        ...owners.map((owner) => ({ kind: 'user' as const, macs: names.user(owner) })),
        ...owners.flatMap((owner) =>
          scopes.map((scope) => ({ kind: 'owned' as const, macs: names.owned(owner, scope) })),
        ),
        ...scopes.map((scope) => ({ kind: 'scope' as const, macs: names.scope(scope) })),
      ]
    },
    seal: (id: string, grant: Pick<Grant, 'scopes'> & Owner & TokenPair): Sealed =>
      keyring.seal(textOf(grant), places.content(id)),
    sealPrevious: (id: string, { accessToken, refreshToken }: TokenPair): Sealed =>
      keyring.seal(JSON.stringify({ accessToken, refreshToken }), places.previous(id)),
    /** @throws SealError when it was altered, or its key is not known any more */
    open: (stored: StoredGrant): Grant => {
      const { id, content, previous, version, accessMs, refreshMs, pairAgeMs, createdAt, refreshedAt } = stored
      const { scopes, ...opened } = contentSchema.parse(JSON.parse(keyring.open(content, places.content(id))))
      const before = previous && previousSchema.parse(JSON.parse(keyring.open(previous, places.previous(id))))
      const times = { version, accessMs, refreshMs, pairAgeMs, createdAt, refreshedAt }
      return { id, ...opened, scopes: scopes.map(readScope), previousAccessToken: before?.accessToken, ...times }
    },
    /** The same parts under the newest key. */
    reseal: ({ id, content, previous }: StoredGrant) => ({
      content: keyring.seal(keyring.open(content, places.content(id)), places.content(id)),
      previous: previous && keyring.seal(keyring.open(previous, places.previous(id)), places.previous(id)),
    }),
  }
}

/** What is left of a grant's scopes once a refresh names those that still hold. A refresh adds none, and an answer without scopes takes none. */
export function narrowTo(
  { scopes }: Pick<Grant, 'scopes'>,
  { scopes: named }: { scopes: readonly string[] | undefined },
): readonly Scope[] {
  if (named === undefined) return scopes
  const names = new Set(named.map((text) => nameOfScope(readScope(text))))
  const left = scopes.filter((scope) => scope.kind === 'offline' || names.has(nameOfScope(scope)))
  // A right to refresh what is no longer there is worth nothing.
  return left.every(({ kind }) => kind === 'offline') ? [] : left
}

/** Whether a grant holds a scope, however either is written. */
export function holds({ scopes }: Pick<Grant, 'scopes'>, scope: Scope): boolean {
  const name = nameOfScope(scope)
  return scopes.some((held) => nameOfScope(held) === name)
}
