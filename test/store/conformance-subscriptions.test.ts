import { describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import { DATABASES } from '../support/databases.ts'
import { nameOf } from '../support/grants.ts'
import { idsOf, sealed, textOf } from '../support/stores.ts'
import { claimNext, failed, grantOf, newSubscription, put, subscriptionsOn } from '../support/subscription-rows.ts'

describe.each(DATABASES)('subscriptions on %s', (kind) => {
  const { store, user, caller, alter, claimed, finish, add, shown, addRegistered } = subscriptionsOn(kind)

  describe('of a caller', () => {
    test('are stored once, however often they are put', async () => {
      const wanted = newSubscription(user(), { caller: caller() })
      const first = await put(store(), wanted)
      const again = newSubscription(user(), { caller: caller(), macs: [`key-2.other`, ...wanted.macs] })
      expect((await put(store(), again)).id).toBe(first.id)
      expect(textOf((await shown(first.id))?.content)).toBe(`content of ${first.id}`)
      const both = await Promise.all([0, 1].map(() => add({ macs: [`key-1.${user()}`] })))
      expect(both[0]?.id).toBe(both[1]?.id)
    })

    test('are limited in number, also when they are put at once', async () => {
      const [one, ...others] = await Promise.all(
        Array.from({ length: 6 }, () => store().putSubscription(newSubscription(user(), { caller: caller(), max: 3 }))),
      )
      expect([one, ...others].filter((stored) => stored !== undefined)).toHaveLength(3)
      expect(await store().putSubscription(newSubscription(user(), { caller: newId('req'), max: 3 }))).toBeDefined()
    })

    test('are listed in pages, the newest first, by state, and no one else sees or deletes them', async () => {
      const ids: string[] = []
      for (let count = 0; count < 3; count += 1) ids.unshift((await add()).id)
      const page = { state: undefined, cursor: undefined, limit: 2 }
      const first = await store().listSubscriptions(caller(), page)
      const second = await store().listSubscriptions(caller(), { ...page, cursor: first.nextCursor })
      expect([idsOf(first.subscriptions), idsOf(second.subscriptions)]).toEqual([ids.slice(0, 2), ids.slice(2)])
      expect(second.nextCursor).toBeUndefined()
      expect((await store().listSubscriptions(caller(), { ...page, state: 'active' })).subscriptions).toEqual([])
      const [id = ''] = ids
      expect((await store().listSubscriptions('another', page)).subscriptions).toEqual([])
      expect(await store().deleteSubscription('another', id)).toBe(false)
      expect(await store().deleteSubscription(caller(), id)).toBe(true)
      expect(await store().deleteSubscription(caller(), id)).toBe(false)
    })
  })

  describe('wait for a grant', () => {
    test('that covers them, and are due once there is one', async () => {
      const { id } = await add()
      expect(await shown(id)).toMatchObject({ state: 'waiting', needsConsent: true })
      expect(await claimNext(store())).toBeUndefined()
      await grantOf(store(), newId('req'))
      expect(await store().markSubscriptionsDue()).toBe(0)
      const grant = await grantOf(store(), user())
      expect(await shown(id)).toMatchObject({ state: 'waiting', needsConsent: false })
      expect(await store().markSubscriptionsDue()).toBe(1)
      expect(await claimNext(store())).toMatchObject({
        id,
        caller: caller(),
        grantId: grant.id,
        grantVersion: 1,
        failures: 0,
      })
    })

    test('again once theirs is deleted or has ended, and take another one that covers them', async () => {
      const { id, grant } = await addRegistered()
      expect(await shown(id)).toMatchObject({ state: 'active' })
      const other = await grantOf(store(), user())
      expect(await store().markSubscriptionsDue()).toBe(0)
      await store().deleteGrant(grant.id)
      expect(await shown(id)).toMatchObject({ state: 'waiting', needsConsent: false })
      expect(await store().markSubscriptionsDue()).toBe(1)
      expect((await claimed()).grantId).toBe(other.id)
      await alter(`update user_grant set ends_at = 0 where id = '${other.id}'`)
      expect(await shown(id)).toMatchObject({ state: 'waiting', needsConsent: true })
    })

    test('named under an older key of the gateway', async () => {
      const names = newSubscription(user()).names.map((name) => ({
        ...name,
        macs: ['key-2.new', ...name.macs] as const,
      }))
      const { id } = await add({ names })
      await grantOf(store(), user())
      expect((await claimed()).id).toBe(id)
    })
  })

  test('are counted by state', async () => {
    const before = await store().countSubscriptions()
    await addRegistered()
    await put(store(), newSubscription(newId('req')))
    await add()
    await finish(failed(await claimed()))
    const added = { active: before.active + 1, waiting: before.waiting + 1, failed: before.failed + 1 }
    expect(await store().countSubscriptions()).toEqual(added)
  })

  test('of one user end together, whichever callers they have', async () => {
    const mine = [await add(), await add({ caller: 'another' })]
    const { id } = await put(store(), newSubscription(newId('req'), { caller: caller() }))
    expect(await store().eraseSubscriptions(nameOf('user', user()).macs)).toBe(mine.length)
    expect(await shown(id)).toBeDefined()
  })

  test('are sealed and named again under the newest key, unless they changed meanwhile', async () => {
    const { id } = await add()
    const underOthers = async (except?: string[]) => {
      const found = await store().findSubscriptionsUnderOtherKeys('key-2', 1000, except)
      return found.filter((one) => one.id === id)
    }
    expect(await underOthers()).toMatchObject([{ id, caller: caller(), revision: 0 }])
    expect(await underOthers([id])).toEqual([])
    expect((await store().keysInUse()).find(({ keyId }) => keyId === 'key-1')).toBeDefined()
    const names = [{ kind: 'owned' as const, macs: [`key-2.${user()}`] as const }]
    const under = (revision: number) => ({
      id,
      revision,
      macs: [`key-2.${id}`] as const,
      content: sealed('n', 'key-2'),
    })
    expect(await store().resealSubscriptions([{ ...under(0), names }])).toBe(1)
    expect(await store().resealSubscriptions([{ ...under(0), names }])).toBe(0)
    expect(await underOthers()).toEqual([])
    await grantOf(store(), user(), { names: [nameOf('owned', `${user()} scope`, ['key-2'])] })
    expect(await store().markSubscriptionsDue()).toBe(0)
  })

  const underOtherThan = async (keyId: string, id: string) =>
    (await store().findSubscriptionsUnderOtherKeys(keyId, 1000)).find((one) => one.id === id)

  test('are named again under the newest key, also when a registration has sealed them with it', async () => {
    const { id } = await addRegistered({
      result: { outcome: 'registered', activeMs: 60_000, content: sealed('again', 'key-2') },
    })
    expect(await underOtherThan('key-2', id)).toMatchObject({ id, revision: 1 })
    expect((await store().keysInUse()).find(({ keyId }) => keyId === 'key-1')).toBeDefined()
    const now = {
      macs: [`key-2.${id}`] as const,
      content: sealed('new', 'key-2'),
      names: newSubscription(user()).names,
    }
    expect(await store().resealSubscriptions([{ id, revision: 1, ...now }])).toBe(1)
    expect(await underOtherThan('key-2', id)).toBeUndefined()
  })

  test.each(['older', 'newer'])(
    'that gateways with different keys stored twice become one, the oldest, where it is the %s that has the newest key',
    async (withNewest) => {
      const text = newId('req')
      const keys = withNewest === 'older' ? ['key-2', 'key-1'] : ['key-1', 'key-2']
      const [first, second] = [
        await add({ macs: [`${keys[0]}.${text}`], content: sealed(text, keys[0]) }),
        await add({ macs: [`${keys[1]}.${text}`], content: sealed(text, keys[1]) }),
      ]
      const macs = [`key-2.${text}`, `key-1.${text}`] as const
      expect((await add({ macs })).id).toBe(first.id)
      const { id } = withNewest === 'older' ? second : first
      const found = await underOtherThan('key-2', id)
      const revision = found?.revision ?? -1
      await store().resealSubscriptions([
        { id, revision, macs, content: sealed(text, 'key-2'), names: newSubscription(user()).names },
      ])
      expect(await shown(first.id)).toBeDefined()
      expect(await shown(second.id)).toBeUndefined()
      expect(await underOtherThan('key-2', first.id)).toBeUndefined()
      expect((await add({ macs: [macs[0]] })).id).toBe(first.id)
    },
  )
})
