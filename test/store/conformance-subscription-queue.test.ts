import { describe, expect, test } from '@jest/globals'
import { DATABASES } from '../support/databases.ts'
import { MINUTE_MS, sealed, textOf } from '../support/stores.ts'
import {
  claimNext,
  failed,
  grantOf,
  newSubscription,
  put,
  registered,
  subscriptionsOn,
} from '../support/subscription-rows.ts'

/** The end of a claim after which nothing is planned. */
const NOTHING = { id: '', owner: 'gw-1', grantId: '', grantVersion: 0, failures: 0, dueInMs: undefined }

describe.each(DATABASES)('subscriptions on %s', (kind) => {
  const { store, user, caller, alter, read, claimed, finish, add, shown, addRegistered, refresh } =
    subscriptionsOn(kind)

  describe('are registered', () => {
    test('one after the other: at most five a second among all gateways', async () => {
      await grantOf(store(), user())
      for (let count = 0; count < 4; count += 1) await add()
      const begunAt = performance.now()
      await claimNext(store())
      const claims = await Promise.all(['gw-1', 'gw-2', 'gw-3'].map((owner) => store().claimSubscription(owner, 1000)))
      const placesSince = Math.floor((performance.now() - begunAt) / 200)
      expect(claims.filter((claim) => claim.kind === 'claimed').length).toBeLessThanOrEqual(placesSince)
      for (const claim of claims) if (claim.kind === 'none') expect(claim.nextInMs).toBeGreaterThan(0)
      // Reading reopens a store in SQLite.
      const [row] = await read('select cast(free_at - set_at as integer) as place_ms from subscription_queue')
      expect(row).toEqual({ place_ms: 200 })
    })

    test('by one gateway at a time, and again by another if it ends', async () => {
      await grantOf(store(), user())
      const { id } = await add()
      expect((await claimNext(store(), 'gw-1', MINUTE_MS))?.id).toBe(id)
      expect(await claimNext(store())).toBeUndefined()
      await finish({ ...NOTHING, id, dueInMs: 0 })
      expect((await claimNext(store(), 'gw-1', 0))?.id).toBe(id)
      expect((await claimNext(store(), 'gw-2'))?.id).toBe(id)
    })

    test('until their token expires or their grant changes', async () => {
      const { id, grant } = await addRegistered()
      expect(await shown(id)).toMatchObject({ state: 'active', needsConsent: false })
      expect(textOf((await shown(id))?.content)).toBe(`again ${id}`)
      expect([await store().markSubscriptionsDue(), await claimNext(store())]).toEqual([0, undefined])
      await refresh(grant)
      expect(await shown(id)).toMatchObject({ state: 'active' })
      expect(await store().markSubscriptionsDue()).toBe(1)
      const again = await claimed()
      expect(again).toMatchObject({ id, grantVersion: 2 })
      const result = { outcome: 'registered' as const, activeMs: 0, content: sealed('again') }
      await finish(registered(again, { result }))
      expect(await store().markSubscriptionsDue()).toBe(0)
      expect(await shown(id)).toMatchObject({ state: 'waiting', needsConsent: false })
    })

    test('again at their time', async () => {
      const { id } = await addRegistered({ dueInMs: 0 })
      expect((await claimed()).id).toBe(id)
    })

    test('at once when their time was written by a clock that was ahead', async () => {
      const { id } = await addRegistered()
      expect([await store().markSubscriptionsDue(), await claimNext(store())]).toEqual([0, undefined])
      const day = 24 * 60 * MINUTE_MS
      await alter(
        `update subscription set due_at = due_at + ${day}, due_set_at = due_set_at + ${day} where id = '${id}'`,
      )
      expect(await store().markSubscriptionsDue()).toBe(1)
      expect((await claimed()).id).toBe(id)
    })

    test('not while Divar has asked to wait', async () => {
      await addRegistered({ dueInMs: 0 })
      await finish(failed(await claimed(), { dueInMs: 0, holdMs: 10 * MINUTE_MS }))
      const claim = await store().claimSubscription('gw-2', MINUTE_MS)
      expect(claim.kind === 'none' && (claim.nextInMs ?? 0) > 9 * MINUTE_MS).toBe(true)
      // A hold that was written by a clock that was ahead is none.
      await alter(`update subscription_queue set set_at = set_at + ${60 * MINUTE_MS}`)
      expect(await claimNext(store())).toBeDefined()
    })

    test('no longer once they are deleted, also while that runs', async () => {
      await grantOf(store(), user())
      const { id } = await add()
      const claim = await claimed()
      await store().deleteSubscription(caller(), id)
      await finish(registered(claim))
      expect(await shown(id)).toBeUndefined()
    })

    test('and a gateway that has lost its lease changes nothing', async () => {
      await grantOf(store(), user())
      const { id } = await add()
      await finish(registered(await claimed(), { owner: 'gw-2' }))
      expect(await shown(id)).toMatchObject({ state: 'waiting' })
    })
  })

  describe('that failed', () => {
    const addFailed = async () => {
      const { id, grant } = await addRegistered()
      const refreshed = await refresh(grant)
      await store().markSubscriptionsDue()
      await finish(failed(await claimed()))
      return { id, grant: refreshed }
    }

    test('are not registered again with the same token', async () => {
      const { id } = await addFailed()
      expect(await shown(id)).toMatchObject({ state: 'failed', nextAttemptAt: null })
      expect([await store().markSubscriptionsDue(), await claimNext(store())]).toEqual([0, undefined])
    })

    test('are registered again when they are put again', async () => {
      const wanted = newSubscription(user(), { caller: caller() })
      await put(store(), wanted)
      await grantOf(store(), user())
      await finish(failed(await claimed()))
      await put(store(), wanted)
      const again = await claimed()
      expect(again).toMatchObject({ id: wanted.id, failures: 0 })
      // Its grant could not be refreshed: nothing was tried, and the state stays.
      await finish({
        ...NOTHING,
        id: wanted.id,
        grantId: again.grantId,
        grantVersion: 1,
        failures: 1,
        dueInMs: MINUTE_MS,
      })
      await put(store(), wanted)
      expect(await claimed()).toMatchObject({ id: wanted.id, failures: 0 })
    })

    test('are registered again with the next token, or a newer grant', async () => {
      const { id, grant } = await addFailed()
      await refresh(grant)
      expect(await store().markSubscriptionsDue()).toBe(1)
      const withNextToken = await claimed()
      expect(withNextToken.failures).toBe(1)
      await finish(failed(withNextToken, { failures: 2 }))
      const newer = await grantOf(store(), user())
      expect(await store().markSubscriptionsDue()).toBe(1)
      const again = await claimed()
      expect(again).toMatchObject({ id, grantId: newer.id, failures: 0 })
      await finish(failed(again))
      expect(await store().markSubscriptionsDue()).toBe(0)
    })

    test('because the grant lost its scope wait for consent', async () => {
      const { id } = await addRegistered({ dueInMs: 0 })
      const claim = await claimed()
      const result = { outcome: 'uncovered' as const, activeMs: 0, content: sealed('x') }
      await finish(registered(claim, { result, dueInMs: undefined }))
      expect(await shown(id)).toMatchObject({ state: 'waiting', needsConsent: true })
      expect(await store().markSubscriptionsDue()).toBe(0)
    })
  })
})
