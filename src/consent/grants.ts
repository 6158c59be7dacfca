import { newId } from '../base/id.ts'
import type { Tokens } from '../divar/token-client.ts'
import type { Address, Sender } from '../message/message.ts'
import type { Logger } from '../observability/log.ts'
import type { Scope } from '../scope/scope.ts'
import type { GrantStore, StoredGrant } from '../store/consent-store.ts'
import {
  coveringScopes,
  hasScope,
  narrowest,
  openOrLog,
  type Covering,
  type Grant,
  type GrantCodec,
  type Owner,
} from './grant.ts'
import type { Refresher } from './refresher.ts'

const OFFLINE: Scope = { kind: 'offline' }
/** Grants read for one choice. */
const MAX_FOUND = 50
/** A token is refreshed when it has less than this left, or less than half of its lifetime if that is shorter. */
const REFRESH_AHEAD_MS = 60_000
/** A refused token younger than this is not refreshed: a new one would be refused too. */
const MIN_AGE_MS = 60_000
/** How many grants may end during their refresh before the choice gives up. */
const MAX_ENDED = 10

/** A grant with a valid token, or why there is none. */
export type GrantChoice =
  | { kind: 'grant'; grant: Grant }
  | { kind: 'consent_required' | 'sender_ambiguous' }
  | { kind: 'grant_unreadable'; grantId: string }
  | { kind: 'not_refreshed'; reason: string }

/** What to try after Divar refused a token. `none`: nothing would help. `gone`: the grant was deleted; another may cover the message. */
type AfterRefusal =
  { kind: 'grant'; grant: Grant } | { kind: 'none' | 'gone' } | { kind: 'not_refreshed'; reason: string }

type GrantsOptions = { store: GrantStore; codec: GrantCodec; refresher: Refresher; log: Logger }

/** The stored grants. Every method may throw StoreError; `afterRefusal`, `forMessage`, `forScopes` and `forUser` also SealError. */
export type Grants = ReturnType<typeof createGrants>

export function createGrants({ store, codec, refresher, log }: GrantsOptions) {
  const { names } = codec

  /** `unreadable`: the id of the first grant that could not be opened. */
  const openAll = (stored: readonly StoredGrant[]) => {
    const opened = stored.map((one) => openOrLog(codec, one, log))
    const unreadable = stored.find((_, index) => opened[index] === undefined)?.id
    return { grants: opened.filter((grant) => grant !== undefined), unreadable }
  }

  const findByName = async (macs: readonly string[]) => openAll(await store.findGrantsByName(macs, MAX_FOUND))

  const select = async (
    macs: readonly string[],
    pick: (found: readonly Grant[], isAnyUnreadable: boolean) => Grant | 'ambiguous' | undefined,
  ): Promise<GrantChoice> => {
    for (let ended = 0; ended < MAX_ENDED; ended += 1) {
      const { grants, unreadable } = await findByName(macs)
      const grant = pick(grants, unreadable !== undefined)
      if (grant === 'ambiguous') return { kind: 'sender_ambiguous' }
      if (grant === undefined && unreadable !== undefined) return { kind: 'grant_unreadable', grantId: unreadable }
      if (grant === undefined) return { kind: 'consent_required' }
      const ready = await refreshIfDue(grant)
      if (ready.kind !== 'ended') return ready
    }
    return { kind: 'consent_required' }
  }

  const refreshIfDue = async (grant: Grant): Promise<GrantChoice | { kind: 'ended' }> => {
    const { accessMs, pairAgeMs, refreshToken } = grant
    const isValid = accessMs > 0
    const aheadMs = Math.min(REFRESH_AHEAD_MS, (accessMs + pairAgeMs) / 2)
    if (isValid && (refreshToken === undefined || accessMs > aheadMs)) return { kind: 'grant', grant }
    const refreshed = await refresher.refresh(grant, { waits: !isValid })
    if (refreshed.kind === 'fresh') return { kind: 'grant', grant: refreshed.grant }
    if (refreshed.kind === 'ended') return refreshed
    return isValid ? { kind: 'grant', grant } : { kind: 'not_refreshed', reason: refreshed.reason }
  }

  /** Chooses the grant with the narrowest of these scopes, and refreshes it if due. `except`: ids of grants that are not chosen. */
  const forScopes = (covering: readonly Covering[], except: ReadonlySet<string> = new Set()): Promise<GrantChoice> => {
    const macs = covering.flatMap(({ scope, userId }) =>
      userId === undefined ? names.scope(scope) : names.owned(userId, scope),
    )
    // Where the user is not named, an unreadable grant might be another user's: then nothing is chosen.
    const needsAll = covering.some(({ scope, userId }) => userId === undefined && scope.kind !== 'chat')
    return select(macs, (found, isAnyUnreadable) =>
      needsAll && isAnyUnreadable ? undefined : narrowest(found, covering, except),
    )
  }

  return {
    /** Stores the grant of a finished flow; resolves to its id. */
    add: async (owner: Owner, scopes: readonly Scope[], tokens: Tokens): Promise<string> => {
      const id = newId('grt')
      const { accessToken, refreshToken, accessMs, refreshMs } = tokens
      // Some token answers omit offline_access. With it, a grant that can be refreshed is not replaced by one that cannot.
      const isOffline = refreshToken !== undefined && !hasScope({ scopes }, OFFLINE)
      const granted = { ...owner, scopes: isOffline ? [...scopes, OFFLINE] : scopes }
      const content = codec.seal(id, { ...granted, accessToken, refreshToken })
      await store.addGrant({ id, content, names: codec.namesOf(granted), accessMs, refreshMs })
      return id
    },

    /** Chooses the grant to send a message with, and refreshes it if due. `except`: ids of grants that did not permit the message. */
    forMessage: (address: Address, sender: Sender, except?: ReadonlySet<string>): Promise<GrantChoice> =>
      forScopes(coveringScopes(address, sender), except),

    forScopes,

    /** Chooses a grant whose owner Divar confirmed to be this user, with the first of these scopes that one has. */
    forUser: async (userId: string, scopes: readonly Scope[]): Promise<GrantChoice> => {
      for (const scope of scopes) {
        const choice = await select(names.owned(userId, scope), (found) =>
          found.find((grant) => grant.userId === userId && hasScope(grant, scope)),
        )
        if (choice.kind !== 'consent_required') return choice
      }
      return { kind: 'consent_required' }
    },

    /** The grant of this id, refreshed if it can be and `isDue` says so. */
    withToken: async (id: string, isDue: (grant: Grant) => boolean): Promise<GrantChoice | { kind: 'gone' }> => {
      const stored = await store.findGrant(id)
      if (stored === undefined) return { kind: 'gone' }
      const grant = openOrLog(codec, stored, log)
      if (grant === undefined) return { kind: 'grant_unreadable', grantId: id }
      if (grant.refreshToken === undefined || !isDue(grant)) return { kind: 'grant', grant }
      const refreshed = await refresher.refresh(grant, { waits: true })
      if (refreshed.kind === 'fresh') return { kind: 'grant', grant: refreshed.grant }
      return refreshed.kind === 'ended' ? { kind: 'gone' } : { kind: 'not_refreshed', reason: refreshed.reason }
    },

    /** Whether live grants of the user cover each of `needed` by one of its scopes. `isOffline` counts only grants that can be refreshed. */
    coversAll: async (userId: string, needed: readonly (readonly Scope[])[], isOffline: boolean): Promise<boolean> => {
      const holdsOneOf = async (scopes: readonly Scope[]): Promise<boolean> => {
        const { grants } = await findByName(scopes.flatMap((scope) => names.owned(userId, scope)))
        // Not by its time: while the clock is wrong, that of a live grant may be over.
        const usable = grants.filter(({ refreshMs }) => !isOffline || refreshMs !== undefined)
        return scopes.some((scope) => usable.some((grant) => hasScope(grant, scope)))
      }
      const all = needed.length > 0 ? needed : [[OFFLINE]]
      return (await Promise.all(all.map(holdsOneOf))).every(Boolean)
    },

    /** The same grant with a token that Divar has not refused yet. */
    afterRefusal: async (id: string, refused: ReadonlySet<string>): Promise<AfterRefusal> => {
      const stored = await store.findGrant(id)
      if (stored === undefined) return { kind: 'gone' }
      const grant = codec.open(stored)
      const { accessToken, previousAccessToken: previous, refreshToken, pairAgeMs } = grant
      if (!refused.has(accessToken)) return { kind: 'grant', grant }
      // Divar may not know a new token everywhere yet, and still accepts the previous one for a while.
      if (previous !== undefined && !refused.has(previous)) {
        return { kind: 'grant', grant: { ...grant, accessToken: previous } }
      }
      if (refreshToken === undefined || pairAgeMs < MIN_AGE_MS) return { kind: 'none' }
      const refreshed = await refresher.refresh(grant, { waits: true })
      if (refreshed.kind === 'failed') return { kind: 'not_refreshed', reason: refreshed.reason }
      if (refreshed.kind === 'ended' || refused.has(refreshed.grant.accessToken)) return { kind: 'none' }
      return { kind: 'grant', grant: refreshed.grant }
    },

    list: async (userId: string, page: { cursor: number | undefined; limit: number }) => {
      const { grants, nextCursor } = await store.listGrants(names.user(userId), page)
      return { grants: openAll(grants).grants, nextCursor }
    },

    /** Deletes every grant of the user. */
    removeAllOf: async (userId: string): Promise<void> => {
      for (;;) {
        const { grants } = await store.listGrants(names.user(userId), { cursor: undefined, limit: MAX_FOUND })
        if (grants.length === 0) return
        for (const { id } of grants) await store.deleteGrant(id)
      }
    },

    /** Resolves to whether there was one. */
    remove: (id: string): Promise<boolean> => store.deleteGrant(id),
  }
}
