import { Fault } from '../base/fault.ts'
import type { FetchedUser, FetchUser } from '../divar/users.ts'
import type { Trace } from '../observability/trace.ts'
import { nameOfScope, type Scope } from '../scope/scope.ts'
import type { Grant, Owner } from './grant.ts'
import type { Grants } from './grants.ts'
import { invalidGrant, type ImportRequest } from './import-request.ts'

/**
 * How old an imported refresh token is, is unknown. With this life it is refreshed a day after its import (maintenance renews what has less
 * than seven days left), and the next one has the full life.
 */
const REFRESH_LIFE_MS = 8 * 24 * 60 * 60 * 1000

const DEFAULT_RETRY_S = 60
/** Grants of the user that are compared with the imported one, the newest first. */
const MAX_COMPARED = 100

/**
 * Stores a grant that was given elsewhere, once Divar has confirmed its user. A repeat changes nothing.
 * @throws Fault when the user is not confirmed; StoreError
 */
export type ImportGrant = (request: ImportRequest, trace: Trace) => Promise<Grant>

export function createImportGrant(grants: Grants, fetchUser: FetchUser): ImportGrant {
  const grantsOf = async (userId: string) =>
    (await grants.list(userId, { cursor: undefined, limit: MAX_COMPARED })).grants

  return async (request, trace) => {
    requireNamedUser(request)
    const owner = confirmedOwner(request, await fetchUser(request.accessToken, trace))
    const held = (await grantsOf(request.userId)).find((grant) => isSameGrant(grant, request))
    if (held !== undefined) return held
    const { scopes, accessToken, refreshToken, accessMs } = request
    const refreshMs = refreshToken === undefined ? undefined : REFRESH_LIFE_MS
    await grants.add(owner, scopes, { accessToken, refreshToken, accessMs, refreshMs, scopes: undefined })
    // Two grants with one token pair would refresh it in turn, and only the first would succeed.
    const [kept, ...replaced] = (await grantsOf(request.userId)).filter((grant) => grant.accessToken === accessToken)
    for (const { id } of replaced) await grants.remove(id)
    if (kept !== undefined) return kept
    throw new Fault('not_found', 'The grant was deleted while it was being imported.')
  }
}

/** A pair that the gateway has refreshed since is not replaced by the old one. */
function isSameGrant(grant: Grant, { accessToken, refreshToken, scopes }: ImportRequest): boolean {
  if (grant.previousAccessToken === accessToken) return true
  if (grant.accessToken !== accessToken || grant.refreshToken !== refreshToken) return false
  return namesOf(grant.scopes) === namesOf(scopes)
}

/** The names of scopes but `offline`, which a refresh token implies, in a fixed order. */
function namesOf(scopes: readonly Scope[]): string {
  const names = scopes.filter(({ kind }) => kind !== 'offline').map(nameOfScope)
  return names.sort().join(' ')
}

/** Whether a scope is the permission to send to a chat in this user's name: it contains the user's v1 id. */
function isChatOf(userId: string, scope: Scope): boolean {
  return scope.kind === 'chat' && scope.userId === userId
}

/** Before anything is asked: these scopes must let Divar or the chat's own scope say who the user is. */
function requireNamedUser({ userId, scopes }: ImportRequest): void {
  if (scopes.some((scope) => scope.kind === 'user_id' || isChatOf(userId, scope))) return
  const detail = 'expected USER_ID, or the scope of a v1 chat of user_id: otherwise it is unknown whose token this is'
  throw invalidGrant([{ pointer: '/scopes', detail }])
}

/**
 * The owner as Divar confirms it. A v1 id cannot be compared with the id that Divar returns; then only the scopes of this user's own chats
 * are accepted, as in an authorization flow.
 */
function confirmedOwner({ userId, scopes }: ImportRequest, fetched: FetchedUser): Owner {
  const named = namedUser(fetched, scopes)
  if (named === userId) return { userId }
  if (!scopes.some((scope) => isChatOf(userId, scope))) {
    throw invalidGrant([
      named === undefined
        ? {
            pointer: '/access_token',
            detail: 'expected a token with the scope USER_ID: Divar does not say whose it is',
          }
        : { pointer: '/user_id', detail: 'expected the user of access_token: Divar says that it is another one' },
    ])
  }
  if (!scopes.every((scope) => isChatOf(userId, scope) || scope.kind === 'user_id' || scope.kind === 'offline')) {
    const detail =
      'expected only scopes of v1 chats of user_id, USER_ID and offline_access: the user cannot be compared'
    throw invalidGrant([{ pointer: '/scopes', detail }])
  }
  return { userId: named, chatUserId: userId }
}

/** The user as Divar returns it. A token without USER_ID may be forbidden to ask. */
function namedUser(fetched: FetchedUser, scopes: readonly Scope[]): string | undefined {
  switch (fetched.kind) {
    case 'found':
      return fetched.user.userId
    case 'refused':
      if (fetched.status === 403 && !scopes.some(({ kind }) => kind === 'user_id')) return undefined
      throw refusedBy(fetched)
    case 'failed':
      throw new Fault('platform_error', 'Divar did not answer whose token this is. Nothing was stored; repeat later.', {
        internal: fetched.reason,
        members: { retryable: true },
      })
  }
}

function refusedBy({ status, retryAfter = DEFAULT_RETRY_S }: Extract<FetchedUser, { kind: 'refused' }>): Fault {
  if (status === 401) {
    return new Fault('token_refused', 'Divar refused access_token: it has expired or was revoked. Nothing was stored.')
  }
  if (status === 403) {
    return new Fault(
      'not_permitted',
      "Divar does not tell whose token this is: the app's API key needs USER_RETRIEVE, and the token USER_ID. Nothing was stored.",
    )
  }
  return new Fault('rate_limited', "The app's limit at Divar is used up. Repeat after the seconds in Retry-After.", {
    retryAfter,
  })
}
