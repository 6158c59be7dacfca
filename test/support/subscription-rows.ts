import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { StoredGrant } from '../../src/store/consent-store.ts'
import type { DatabaseKind, Store } from '../../src/store/store.ts'
import type {
  ClaimedSubscription,
  NewSubscription,
  StoredSubscription,
  SubscriptionFinish,
} from '../../src/store/subscription-store.ts'
import { trustClock } from './clock.ts'
import { addGrant, nameOf } from './grants.ts'
import { MINUTE_MS, newAlterableStore, sealed, type AlterableStore } from './stores.ts'

/** The name of a scope of a user's, as grants and subscriptions have it. */
export const ownedBy = (user: string, keys?: readonly [string, ...string[]]) => nameOf('owned', `${user} scope`, keys)

type Named = { kind: 'user' | 'owned' } & ReturnType<typeof nameOf>
const named = (kind: Named['kind'], name: ReturnType<typeof nameOf>): Named => ({ ...name, kind })

/** A subscription of this user's, unlike any other unless `more` says otherwise. */
export function newSubscription(user: string, more: Partial<NewSubscription> = {}): NewSubscription {
  const id = newId('sub')
  return {
    id,
    caller: 'orders',
    macs: [`key-1.${id}`],
    content: sealed(`content of ${id}`),
    names: [named('user', nameOf('user', user)), named('owned', ownedBy(user))],
    max: 1000,
    ...more,
  }
}

export async function put(store: Store, subscription: NewSubscription): Promise<StoredSubscription> {
  const stored = await store.putSubscription(subscription)
  if (stored === undefined) throw new Error('the caller has too many')
  return stored
}

/** Adds a grant that covers the subscriptions of this user, and has another scope, so that none replaces an earlier one. */
export function grantOf(store: Store, user: string, more: Parameters<typeof addGrant>[1] = {}) {
  const names = [nameOf('user', user), ownedBy(user), nameOf('owned', `${user} ${newId('req')}`)]
  return addGrant(store, { names, ...more })
}

/** Claims what is due, once the queue has a place; undefined when nothing is. */
export async function claimNext(
  store: Store,
  owner = 'gw-1',
  leaseMs = MINUTE_MS,
): Promise<ClaimedSubscription | undefined> {
  for (;;) {
    const claim = await store.claimSubscription(owner, leaseMs)
    if (claim.kind === 'claimed') return claim.subscription
    if (claim.nextInMs === undefined) return undefined
    await wait(claim.nextInMs)
  }
}

/** The end of a claim that registered the subscription for an hour. */
export function registered(
  { id, grantId, grantVersion }: ClaimedSubscription,
  more: Partial<SubscriptionFinish> = {},
): SubscriptionFinish {
  return {
    id,
    owner: 'gw-1',
    grantId,
    grantVersion,
    failures: 0,
    dueInMs: 50 * MINUTE_MS,
    result: { outcome: 'registered', activeMs: 60 * MINUTE_MS, content: sealed(`again ${id}`) },
    ...more,
  }
}

/** The end of a claim that Divar refused for good. */
export function failed(claimed: ClaimedSubscription, more: Partial<SubscriptionFinish> = {}): SubscriptionFinish {
  const result = { outcome: 'failed' as const, activeMs: 0, content: sealed(`failed ${claimed.id}`) }
  return registered(claimed, { failures: 1, dueInMs: undefined, result, ...more })
}

/** A store for the tests of a `describe`, each of which has a user and a caller of its own. */
export function subscriptionsOn(kind: DatabaseKind) {
  let at: AlterableStore
  let store: Store
  /** A user and a caller of one test alone. */
  let user: string
  let caller: string
  beforeAll(async () => {
    at = await newAlterableStore(kind)
    store = at.store()
    await trustClock(store)
  })
  beforeEach(() => {
    user = newId('req')
    caller = newId('req')
  })
  afterEach(() => store.eraseSubscriptions(nameOf('user', user).macs))

  async function alter(statement: string): Promise<void> {
    await at.alter(statement)
    store = at.store()
  }
  const claimed = async () => {
    const claim = await claimNext(store)
    if (claim === undefined) throw new Error('nothing is due')
    return claim
  }
  const finish = (claim: SubscriptionFinish) => store.finishSubscription(claim)
  const add = (more = {}) => put(store, newSubscription(user, { caller, ...more }))
  const shown = async (id: string) => {
    const { subscriptions } = await store.listSubscriptions(caller, { state: undefined, cursor: undefined, limit: 100 })
    return subscriptions.find((one) => one.id === id)
  }
  const addRegistered = async (more: Partial<SubscriptionFinish> = {}) => {
    const { id } = await add()
    const grant = await grantOf(store, user)
    await store.markSubscriptionsDue()
    await finish(registered(await claimed(), more))
    return { id, grant }
  }
  const refresh = async ({ id, version }: Pick<StoredGrant, 'id' | 'version'>) => {
    await store.claimRefresh(id, version, 'gw-1', MINUTE_MS)
    const pairs = { content: sealed('new pair'), previous: sealed('old pair'), previousMs: MINUTE_MS }
    const times = { accessMs: 60 * MINUTE_MS, refreshMs: 600 * MINUTE_MS }
    expect(await store.commitRefresh({ id, version, owner: 'gw-1', ...pairs, ...times })).toBe(true)
    return { id, version: version + 1 }
  }
  return {
    store: () => store,
    user: () => user,
    caller: () => caller,
    alter,
    read: async (statement: string) => {
      const rows = await at.read(statement)
      store = at.store()
      return rows
    },
    claimed,
    finish,
    add,
    shown,
    addRegistered,
    refresh,
  }
}
