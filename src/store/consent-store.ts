import type { Sealed } from './message-store.ts'

/** What the store promises for consent: saved clicks, authorization flows and grants. Free of SQL. */

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
  /** Who asks the user: clicks, or a caller. */
  startedBy: string
  /** How many of theirs may be open at once. */
  maxOpen: number
}

/** Of one opening of a link: digests of its state and of what binds the browser; its secrets. */
export type NewOpening = { state: string; browser: string; content: Sealed }

/** `isFirst`: the state and the secrets of the consent itself are used, and those of the opening are not kept. */
export type OpenedConsent = { content: Sealed; isFirst: boolean }

export type ConsentStore = {
  /** Answers whether there was room. */
  addConsent: (consent: NewConsent) => Promise<boolean>
  /** Opens a link for a browser, which then has so many milliseconds. Of many openings the oldest goes. */
  openConsent: (id: string, opening: NewOpening, flowMs: number) => Promise<OpenedConsent | undefined>
  /** Ends a consent with all of its openings, once, when one of them comes back in its browser. */
  endConsent: (state: string, browser: string) => Promise<EndedConsent>
}

/** `opening`: the secrets of the opening, where they are not the consent's own. */
export type EndedConsent =
  | { kind: 'ended'; id: string; content: Sealed; opening: Sealed | undefined }
  | { kind: 'other_browser'; id: string }
  | { kind: 'none' }

/**
 * How a grant is found: `<key id>.<MAC>` of a text, under every known key, the newest first. An `owned` name says whose it is and one of
 * the scopes.
 */
export type GrantName = { kind: 'user' | 'owned' | 'scope'; macs: readonly [string, ...string[]] }

/** For how long tokens are good, in milliseconds from now. */
export type TokenTimes = { accessMs: number; refreshMs: number | undefined }

export type NewGrant = TokenTimes & { id: string; content: Sealed; names: readonly GrantName[] }

/** A grant as it lies in the store; times in milliseconds, those ending in `Ms` from now. */
export type StoredGrant = {
  seq: number
  id: string
  content: Sealed
  /** The pair before the last refresh, while it is still good. */
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

export type GrantPage = { grants: StoredGrant[]; nextCursor: number | undefined }

/** Whether a grant may be refreshed now. */
export type RefreshClaim =
  | { kind: 'claimed' }
  /** Another pair is there already. */
  | { kind: 'changed'; grant: StoredGrant }
  /** Another gateway or request refreshes it. */
  | { kind: 'busy' }
  /** A refresh has just failed. */
  | { kind: 'backing_off' }
  | { kind: 'gone' }

export type GrantStore = {
  /** Stores a grant; in the same commit what it makes superfluous goes: grants whose owned names it has all. */
  addGrant: (grant: NewGrant) => Promise<void>
  /** Live grants that have one of these names, newest first. */
  findGrantsByName: (macs: readonly string[], limit: number) => Promise<StoredGrant[]>
  findGrant: (id: string) => Promise<StoredGrant | undefined>
  /** Live grants of a name, newest first. */
  listGrants: (macs: readonly string[], page: { cursor: number | undefined; limit: number }) => Promise<GrantPage>
  /** Answers whether there was one. */
  deleteGrant: (id: string) => Promise<boolean>
  /** Leases the right to refresh this token pair for `leaseMs`. */
  claimRefresh: (id: string, version: number, owner: string, leaseMs: number) => Promise<RefreshClaim>
  /** Commits the new pair in place of this version's and ends the lease; the former is kept for so long. Answers whether the lease held. */
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
  /** Deletes a grant whose refresh token is of no use any more. Answers whether the lease still held; else nothing was deleted. */
  endGrant: (id: string, version: number, owner: string) => Promise<boolean>
  /** Ends the lease after a failure; no refresh is tried for `backOffMs`. */
  backOffRefresh: (id: string, owner: string, backOffMs: number) => Promise<void>
  /** Live grants whose refresh token expires within `leftMs` and that are not being refreshed, except these ids. */
  findExpiringGrants: (leftMs: number, limit: number, except?: readonly string[]) => Promise<StoredGrant[]>
}

/** What of a grant is replaced when it is brought under the newest key. */
export type ResealedGrant = {
  id: string
  version: number
  content: Sealed
  previous: Sealed | undefined
  names: readonly GrantName[]
}

/** For maintenance: bounded batches. */
export type ConsentMaintenanceStore = {
  /** Deletes clicks, consents and grants whose time is over, and former pairs; answers how many. */
  expire: (limit: number) => Promise<number>
  /** Grants with something sealed under another key than this, except these ids. */
  findGrantsUnderOtherKeys: (keyId: string, limit: number, except?: readonly string[]) => Promise<StoredGrant[]>
  /** Replaces what is still as it was found; answers how many. */
  resealGrants: (keyId: string, grants: readonly ResealedGrant[]) => Promise<number>
  countGrants: () => Promise<number>
}
