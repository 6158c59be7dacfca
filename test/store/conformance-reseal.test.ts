import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { ResealedGrant } from '../../src/store/consent-store.ts'
import type { Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { addGrant, foundGrant, nameOf } from '../support/grants.ts'
import { ALL, idsOf, MINUTE_MS, newAlterableStore, sealed, textOf, type AlterableStore } from '../support/stores.ts'

describe.each(DATABASES)('grants under a previous key on %s', (kind) => {
  let at: AlterableStore
  let store: Store
  /** The user that the grants of one test are found by. */
  let user: string
  beforeAll(async () => {
    at = await newAlterableStore(kind)
  })
  beforeEach(async () => {
    await at.alter('delete from user_grant')
    store = at.store()
    user = newId('req')
  })

  const under = (keyId: string) =>
    addGrant(store, { content: sealed('pair', keyId), names: [nameOf('user', user, [keyId])] })
  /** A grant whose pair before this one is still there. */
  async function refreshed({
    pairKey,
    formerKey,
    previousMs = MINUTE_MS,
  }: Record<'pairKey' | 'formerKey', string> & { previousMs?: number }) {
    const { id } = await under(pairKey)
    await store.claimRefresh(id, 1, 'gw-1', MINUTE_MS)
    const [content, previous] = [sealed('second pair', pairKey), sealed('first pair', formerKey)]
    const times = { accessMs: MINUTE_MS, refreshMs: MINUTE_MS, previousMs }
    await store.commitRefresh({ id, version: 1, owner: 'gw-1', content, previous, ...times })
    await trustClock(store)
    return foundGrant(store, id)
  }
  const resealed = (
    { id, version, previous }: Pick<ResealedGrant, 'id' | 'version' | 'previous'>,
    text = 'new pair',
  ): ResealedGrant => ({
    id,
    version,
    content: sealed(text, 'new'),
    previous: previous && sealed(`new ${textOf(previous)}`, 'new'),
    names: [nameOf('user', user, ['new', 'old'])],
  })
  const named = async (keyId: string) => idsOf(await store.findGrantsByName(nameOf('user', user, [keyId]).macs, ALL))
  const underOthers = async (limit = ALL) => idsOf(await store.findGrantsUnderOtherKeys('new', limit)).sort()

  test('are those whose pair, previous pair or names are under it', async () => {
    const pair = await under('old')
    const later = await under('zzz')
    const former = await refreshed({ pairKey: 'new', formerKey: 'old' })
    const names = await under('new')
    await at.alter(`update user_grant set names_key = 'old' where id = '${names.id}'`)
    store = at.store()
    await under('new')
    await refreshed({ pairKey: 'new', formerKey: 'new' })
    expect(await underOthers()).toEqual(idsOf([pair, later, former, names]).sort())
  })

  test('are returned as stored, within a limit', async () => {
    for (let number = 0; number < 5; number += 1) await under('old')
    await refreshed({ pairKey: 'old', formerKey: 'old' })
    expect(await underOthers(2)).toHaveLength(2)
    const but = await underOthers(5)
    expect(idsOf(await store.findGrantsUnderOtherKeys('new', ALL, but))).toHaveLength(1)
    expect(await underOthers(6)).toHaveLength(6)
    const found = (await store.findGrantsUnderOtherKeys('new', ALL)).find(({ previous }) => previous !== undefined)
    expect([found?.version, textOf(found?.content), textOf(found?.previous)]).toEqual([2, 'second pair', 'first pair'])
  })

  test('are encrypted again with pair, previous pair and names, and are then under the newest key', async () => {
    const [one, other] = [await under('old'), await refreshed({ pairKey: 'old', formerKey: 'old' })]
    expect(await store.resealGrants('new', [resealed(one), resealed(other)])).toBe(2)
    expect(await underOthers()).toEqual([])
    expect([await named('old'), await named('new')]).toEqual([[], [other.id, one.id]])
    expect(await foundGrant(store, other.id)).toMatchObject({ version: 2, seq: other.seq, createdAt: other.createdAt })
    const { content, previous } = await foundGrant(store, other.id)
    expect([content, previous].map((part) => [part?.keyId, textOf(part)])).toEqual([
      ['new', 'new pair'],
      ['new', 'new first pair'],
    ])
    expect((await store.keysInUse()).filter(({ keyId }) => keyId === 'old')).toEqual([])
  })

  test('keep the previous pair no longer than before', async () => {
    const { id, version, previous } = await refreshed({ pairKey: 'old', formerKey: 'old' })
    const until = () => at.read(`select previous_until from user_grant where id = '${id}'`)
    const before = await until()
    await at.store().resealGrants('new', [resealed({ id, version, previous })])
    expect(await until()).toEqual(before)
  })

  test('are not changed if the pair was refreshed since', async () => {
    const found = await under('old')
    await store.claimRefresh(found.id, 1, 'gw-1', MINUTE_MS)
    const [content, previous] = [sealed('second pair', 'old'), sealed('pair', 'old')]
    const times = { accessMs: MINUTE_MS, refreshMs: MINUTE_MS, previousMs: MINUTE_MS }
    await store.commitRefresh({ id: found.id, version: 1, owner: 'gw-1', content, previous, ...times })
    expect(await store.resealGrants('new', [resealed(found)])).toBe(0)
    expect(textOf((await foundGrant(store, found.id)).content)).toBe('second pair')
    expect([await named('old'), await named('new')]).toEqual([[found.id], []])
    expect(await underOthers()).toEqual([found.id])
  })

  test('are not restored if they were deleted since', async () => {
    const [gone, there] = [await under('old'), await under('old')]
    await store.deleteGrant(gone.id)
    expect(await store.resealGrants('new', [resealed(gone), resealed(there)])).toBe(1)
    expect(await store.findGrant(gone.id)).toBeUndefined()
    expect(await named('new')).toEqual([there.id])
    expect(await store.resealGrants('new', [])).toBe(0)
  })

  test('do not get back a previous pair that was wiped since', async () => {
    const found = await refreshed({ pairKey: 'old', formerKey: 'old' })
    await at.alter('update user_grant set previous_until = 0')
    store = at.store()
    expect(await store.expire(ALL)).toBe(1)
    expect(await store.resealGrants('new', [resealed(found)])).toBe(0)
    const [row] = await at.read('select previous, previous_key, previous_until from user_grant')
    expect(row).toEqual({ previous: null, previous_key: null, previous_until: null })
    store = at.store()
    expect(
      await store.resealGrants(
        'new',
        (await store.findGrantsUnderOtherKeys('new', ALL)).map((one) => resealed(one)),
      ),
    ).toBe(1)
    expect(await underOthers()).toEqual([])
  })

  test('lose an expired previous pair rather than keep it under the previous key', async () => {
    const found = await refreshed({ pairKey: 'old', formerKey: 'old', previousMs: 0 })
    expect(found.previous).toBeUndefined()
    expect(await store.resealGrants('new', [resealed(found)])).toBe(1)
    expect(await at.read('select previous, previous_key from user_grant')).toEqual([
      { previous: null, previous_key: null },
    ])
    expect(await at.store().findGrantsUnderOtherKeys('new', ALL)).toEqual([])
  })

  test('do not interrupt a running refresh', async () => {
    const found = await under('old')
    expect(await store.claimRefresh(found.id, 1, 'gw-1', MINUTE_MS)).toEqual({ kind: 'claimed' })
    expect(await store.resealGrants('new', [resealed(found)])).toBe(1)
    expect(await store.claimRefresh(found.id, 1, 'gw-2', MINUTE_MS)).toEqual({ kind: 'busy' })
    const [content, previous] = [sealed('second pair', 'new'), sealed('pair', 'new')]
    const times = { accessMs: MINUTE_MS, refreshMs: MINUTE_MS, previousMs: MINUTE_MS }
    expect(await store.commitRefresh({ id: found.id, version: 1, owner: 'gw-1', content, previous, ...times })).toBe(
      true,
    )
  })

  test('are counted among all active grants', async () => {
    expect(await store.countGrants()).toBe(0)
    for (const keyId of ['old', 'new', 'old']) await under(keyId)
    expect(await store.countGrants()).toBe(3)
    await at.alter('update user_grant set ends_at = 0')
    expect(await at.store().countGrants()).toBe(0)
  })
})
