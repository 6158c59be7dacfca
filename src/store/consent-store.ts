import type { Sealed } from './message-store.ts'

/** The store of saved clicks, authorization flows and grants, without SQL. */

/** Expired rows are never returned. */
export type ClickStore = {
  /** Saves a click for `ttlMs`, or renews it. */
  saveClick: (id: string, content: Sealed, ttlMs: number) => Promise<void>
  findClick: (id: string) => Promise<Sealed | undefined>
}

export type NewConsent = {
  id: string
  /** A digest of the first opening's `state`. */
  state: string
  content: Sealed
  openMs: number
  /** `click`, or `caller:` and the caller's name. */
  startedBy: string
  /** How many consents of the same `startedBy` may be open at once. */
  maxOpen: number
}

/** One opening of a link: digests of its state and of its browser's cookie, and its sealed secrets. */
type NewOpening = { state: string; browser: string; content: Sealed }

/** `isFirst`: this opening uses the state and the secrets of the consent itself; its own are not stored. */
type OpenedConsent = { content: Sealed; isFirst: boolean }

export type ConsentStore = {
  /** @returns false when too many consents are open */
  addConsent: (consent: NewConsent) => Promise<boolean>
  /** Several in one commit. @returns for each, false when too many are open */
  addConsents: (consents: readonly NewConsent[]) => Promise<boolean[]>
  /** Opens a link for a browser, which can finish within `flowMs`. Beyond the maximum of openings, the oldest is deleted. */
  openConsent: (id: string, opening: NewOpening, flowMs: number) => Promise<OpenedConsent | undefined>
  /** Ends a consent with all of its openings when one of them returns in its own browser. Succeeds only once. */
  endConsent: (state: string, browser: string) => Promise<EndedConsent>
}

/** `opening`: the sealed secrets of the opening; undefined when they are the consent's own. */
type EndedConsent =
  | { kind: 'ended'; id: string; content: Sealed; opening: Sealed | undefined }
  | { kind: 'other_browser'; id: string }
  | { kind: 'none' }

/**
 * A name that a grant is found by: `<key id>.<MAC>` of a text, under every known key, the newest first. An `owned` name is made of the
 * owner and one scope.
 */
export type GrantName = { kind: 'user' | 'owned' | 'scope'; macs: readonly [string, ...string[]] }

/** How long tokens are valid, in milliseconds from now. */
export type TokenTimes = { accessMs: number; refreshMs: number | undefined }

export type NewGrant = TokenTimes & { id: string; content: Sealed; names: readonly GrantName[] }

/** A grant in the store. Times are milliseconds; those ending in `Ms` are relative to now. */
export type StoredGrant = {
  seq: number
  id: string
  content: Sealed
  /** The token pair before the last refresh, while it is valid. */
  previous: Sealed | undefined
  /** Counts its token pairs. */
  version: number
  accessMs: number
  /** Undefined when there is no refresh token. */
  refreshMs: number | undefined
  /** Age of the token pair. */
  pairAgeMs: number
  createdAt: number
  refreshedAt: number
}

type GrantPage = { grants: StoredGrant[]; nextCursor: number | undefined }

/** Whether a grant may be refreshed now. */
type RefreshClaim =
  | { kind: 'claimed' }
  /** The token pair has been refreshed already. */
  | { kind: 'changed'; grant: StoredGrant }
  /** Another gateway or request refreshes it. */
  | { kind: 'busy' }
  /** A refresh has just failed. */
  | { kind: 'backing_off' }
  | { kind: 'gone' }

export type GrantStore = {
  /** Stores a grant, and in the same commit deletes grants whose owned names it has all. */
  addGrant: (grant: NewGrant) => Promise<void>
  /** Live grants that have one of these names, newest first. */
  findGrantsByName: (macs: readonly string[], limit: number) => Promise<StoredGrant[]>
  findGrant: (id: string) => Promise<StoredGrant | undefined>
  /** Live grants of a name, newest first. */
  listGrants: (macs: readonly string[], page: { cursor: number | undefined; limit: number }) => Promise<GrantPage>
  /** @returns whether there was one */
  deleteGrant: (id: string) => Promise<boolean>
  /** Leases the right to refresh this token pair for `leaseMs`. */
  claimRefresh: (id: string, version: number, owner: string, leaseMs: number) => Promise<RefreshClaim>
  /**
   * Replaces the token pair of this version, and ends the lease. The old pair is kept for `previousMs`.
   * @returns false when the lease was lost, and nothing was changed
   */
  commitRefresh: (
    refreshed: TokenTimes & {
      id: string
      version: number
      owner: string
      content: Sealed
      previous: Sealed
      previousMs: number
    },
  ) => Promise<boolean>
  /** Deletes a grant whose refresh token is no longer valid. @returns false when the lease was lost, and nothing was deleted */
  endGrant: (id: string, version: number, owner: string) => Promise<boolean>
  /** Ends the lease after a failure; no refresh is tried for `backOffMs`. */
  backOffRefresh: (id: string, owner: string, backOffMs: number) => Promise<void>
  /** Live grants whose refresh token expires within `leftMs` and that are not being refreshed, except these ids. */
  findExpiringGrants: (leftMs: number, limit: number, except?: readonly string[]) => Promise<StoredGrant[]>
}

/** The parts of a grant that are sealed again with the newest key. */
export type ResealedGrant = {
  id: string
  version: number
  content: Sealed
  previous: Sealed | undefined
  names: readonly GrantName[]
}

/** For maintenance. Calls with a `limit` do one bounded batch. */
export type ConsentMaintenanceStore = {
  /** Deletes expired clicks, consents, grants and previous token pairs. @returns how many rows */
  expire: (limit: number) => Promise<number>
  /** Grants with anything sealed under another key, except these ids. */
  findGrantsUnderOtherKeys: (keyId: string, limit: number, except?: readonly string[]) => Promise<StoredGrant[]>
  /** Replaces grants that are unchanged since they were found. @returns how many */
  resealGrants: (keyId: string, grants: readonly ResealedGrant[]) => Promise<number>
  countGrants: () => Promise<number>
}
