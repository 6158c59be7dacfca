import type { GrantName } from './consent-store.ts'
import type { Sealed } from './message-store.ts'

/** The store of subscriptions to events, without SQL. */

export const SUBSCRIPTION_STATES = ['active', 'waiting', 'failed'] as const
/**
 * `active`: registered with a token that is still valid. `waiting`: there is no grant, or its token is not registered yet. `failed`: the last
 * registration failed.
 */
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number]

/** Names by which a subscription is found: of its user, and of each scope that covers it. They are those of the grants. */
export type SubscriptionNames = readonly (GrantName & { kind: 'user' | 'owned' })[]

export type NewSubscription = {
  id: string
  caller: string
  /** MACs of the caller and the content under every key, the newest first: the same subscription is stored once. */
  macs: readonly [string, ...string[]]
  content: Sealed
  names: SubscriptionNames
  /** How many subscriptions the caller may have. */
  max: number
}

export type StoredSubscription = {
  seq: number
  id: string
  caller: string
  content: Sealed
  state: SubscriptionState
  /** Whether it waits for the consent of its user: no grant covers it. */
  needsConsent: boolean
  /** Milliseconds since 1970; null when nothing is planned. */
  nextAttemptAt: number | null
  createdAt: number
}

type SubscriptionPage = { subscriptions: StoredSubscription[]; nextCursor: number | undefined }

/** A subscription to register now, and the grant to use. */
export type ClaimedSubscription = {
  id: string
  caller: string
  content: Sealed
  grantId: string
  grantVersion: number
  /** Attempts in a row that have failed. */
  failures: number
}

/** `nextInMs`: when to claim again; undefined when nothing is planned. */
export type SubscriptionClaim =
  { kind: 'claimed'; subscription: ClaimedSubscription } | { kind: 'none'; nextInMs: number | undefined }

/** How a claim ended. Times are milliseconds from now. */
export type SubscriptionFinish = {
  id: string
  owner: string
  grantId: string
  grantVersion: number
  failures: number
  /** When it is registered again; undefined: when the grant changes. */
  dueInMs: number | undefined
  /** Undefined when nothing was tried, and the state stays. */
  result?: SubscriptionResult
  /** Divar asked to wait: nothing is registered for this long. */
  holdMs?: number | undefined
}

/** `uncovered`: the grant no longer has the scope. `activeMs`: how long the token is valid. */
export type SubscriptionResult = {
  outcome: 'registered' | 'failed' | 'uncovered'
  activeMs: number
  content: Sealed
}

export type SubscriptionStore = {
  /**
   * Stores a subscription, or finds the stored one, which is registered at once if its last attempt failed.
   * @returns undefined when the caller has too many
   */
  putSubscription: (subscription: NewSubscription) => Promise<StoredSubscription | undefined>
  /** Subscriptions of a caller, or of all callers, the newest first. */
  listSubscriptions: (
    caller: string | undefined,
    page: { state: SubscriptionState | undefined; cursor: number | undefined; limit: number },
  ) => Promise<SubscriptionPage>
  /** @returns whether the caller had it */
  deleteSubscription: (caller: string, id: string) => Promise<boolean>
  /**
   * Makes subscriptions due whose grant has changed, has gone, or has come, or whose time was written by a clock that was ahead.
   * @returns how many changed, at most 1,000
   */
  markSubscriptionsDue: () => Promise<number>
  /** Leases the subscription that is due first, and takes the next place in the queue that all gateways share. */
  claimSubscription: (owner: string, leaseMs: number) => Promise<SubscriptionClaim>
  /** Ends a claim. Does nothing when the lease was lost. */
  finishSubscription: (finish: SubscriptionFinish) => Promise<void>
  countSubscriptions: () => Promise<Record<SubscriptionState, number>>
  /** Deletes the subscriptions of a user. @returns how many */
  eraseSubscriptions: (userMacs: readonly string[]) => Promise<number>
  /** Those whose content or names are under another key. */
  findSubscriptionsUnderOtherKeys: (
    keyId: string,
    limit: number,
    except?: readonly string[],
  ) => Promise<SealedSubscription[]>
  /** Replaces subscriptions that are unchanged since they were found. Of several with the same content the oldest stays. @returns how many */
  resealSubscriptions: (resealed: readonly ResealedSubscription[]) => Promise<number>
}

type SealedSubscription = { id: string; caller: string; content: Sealed; revision: number }

type ResealedSubscription = Pick<SealedSubscription, 'id' | 'revision'> &
  Pick<NewSubscription, 'macs' | 'content' | 'names'>
