import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { addGrant, foundGrant, nameOf, newGrant } from '../support/grants.ts'
import { ALL, idsOf, MINUTE_MS, newAlterableStore, sealed, textOf, type AlterableStore } from '../support/stores.ts'

describe.each(DATABASES)('a grant on %s', (kind) => {
  let at: AlterableStore
  let store: Store
  /** A user of one test alone. */
  let user: string
  beforeAll(async () => {
    at = await newAlterableStore(kind)
  })
  beforeEach(() => {
    store = at.store()
    user = newId('req')
  })

  const ofUser = () => nameOf('user', user)
  const owned = (scope: string) => nameOf('owned', `${user} ${scope}`)
  /** What a user's consent to these scopes is found by. */
  const namesOf = (...scopes: string[]) => [
    ofUser(),
    ...scopes.map(owned),
    ...scopes.map((scope) => nameOf('scope', `${user} ${scope}`)),
  ]
  const live = async () => idsOf(await store.findGrantsByName(ofUser().macs, ALL))

  /** As if the time of these were over. */
  async function end(...ids: string[]): Promise<void> {
    await at.alter(`update user_grant set ends_at = 0 where id in (${ids.map((id) => `'${id}'`).join()})`)
    store = at.store()
  }

  test('is found by its id, as it was added', async () => {
    const { id } = await addGrant(store, {
      accessMs: MINUTE_MS,
      refreshMs: 10 * MINUTE_MS,
      content: sealed('pair', 'key-9'),
    })
    const grant = await foundGrant(store, id)
    expect(grant).toMatchObject({ id, version: 1, previous: undefined })
    expect([grant.content.keyId, textOf(grant.content)]).toEqual(['key-9', 'pair'])
    expect(grant.accessMs).toBeLessThanOrEqual(MINUTE_MS)
    expect(grant.accessMs).toBeGreaterThan(0)
    expect(grant.refreshMs).toBeLessThanOrEqual(10 * MINUTE_MS)
    expect(grant.refreshMs).toBeGreaterThan(9 * MINUTE_MS)
    expect(grant.createdAt).toBe(grant.refreshedAt)
    expect(grant.pairAgeMs).toBeGreaterThanOrEqual(0)
    expect(grant.pairAgeMs).toBeLessThan(MINUTE_MS)
    expect(await store.findGrant(newId('grt'))).toBeUndefined()
  })

  test('without a refresh token has no refresh expiry', async () => {
    expect((await addGrant(store, { refreshMs: undefined })).refreshMs).toBeUndefined()
  })

  test('lasts as long as one of its tokens is valid', async () => {
    const refreshable = await addGrant(store, { accessMs: -MINUTE_MS })
    expect(refreshable.accessMs).toBeLessThan(0)
    await addGrant(store, { accessMs: MINUTE_MS, refreshMs: -MINUTE_MS })
    const over = newGrant({ accessMs: -1, refreshMs: 0 })
    await store.addGrant(over)
    await trustClock(store)
    expect(await store.findGrant(over.id)).toBeUndefined()
  })

  test('is found by each of its names, the newest first, up to a limit', async () => {
    const shared = nameOf('scope', user)
    const grants = []
    for (const scope of ['a', 'b', 'c']) grants.push(await addGrant(store, { names: [...namesOf(scope), shared] }))
    const [first, second, third] = idsOf(grants)
    expect(await live()).toEqual([third, second, first])
    expect(idsOf(await store.findGrantsByName(shared.macs, 2))).toEqual([third, second])
    expect(idsOf(await store.findGrantsByName(owned('b').macs, ALL))).toEqual([second])
    expect(idsOf(await store.findGrantsByName([...owned('a').macs, ...owned('c').macs], ALL))).toEqual([third, first])
  })

  test('is found once by several of its names', async () => {
    const { id } = await addGrant(store, { names: namesOf('a', 'b') })
    const macs = namesOf('a', 'b').flatMap((one) => one.macs)
    expect(idsOf(await store.findGrantsByName(macs, ALL))).toEqual([id])
    expect((await store.listGrants(macs, { cursor: undefined, limit: ALL })).grants).toHaveLength(1)
  })

  test('is not found by any other name', async () => {
    await addGrant(store, { names: namesOf('a') })
    expect(await store.findGrantsByName(owned('A').macs, ALL)).toEqual([])
    expect(await store.findGrantsByName([], ALL)).toEqual([])
  })

  test('without names is stored and found by its id', async () => {
    const { id } = await addGrant(store, { names: [] })
    expect(await store.deleteGrant(id)).toBe(true)
  })

  test('with a duplicate name is stored', async () => {
    const { id } = await addGrant(store, { names: [ofUser(), ofUser()] })
    expect(await live()).toEqual([id])
  })

  test('is stored under the newest key’s names only, and found by the name under any key', async () => {
    const text = newId('req')
    const { id } = await addGrant(store, { names: [nameOf('user', text, ['new', 'old'])] })
    expect(idsOf(await store.findGrantsByName(nameOf('user', text, ['newer', 'new', 'old']).macs, ALL))).toEqual([id])
    expect(await store.findGrantsByName(nameOf('user', text, ['old']).macs, ALL)).toEqual([])
    expect(await at.read(`select name, kind from grant_name where grant_id = '${id}'`)).toEqual([
      { name: `new.user ${text}`, kind: 'user' },
    ])
  })

  test('is listed page by page, the newest first, without gaps or repetitions', async () => {
    const grants = []
    for (const scope of ['a', 'b', 'c', 'd', 'e']) grants.push(await addGrant(store, { names: namesOf(scope) }))
    const newestFirst = idsOf(grants).reverse()
    for (const limit of [1, 2, 4, 5, 6]) {
      const pages: string[][] = []
      let cursor: number | undefined
      do {
        const page = await store.listGrants(ofUser().macs, { cursor, limit })
        pages.push(idsOf(page.grants))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      expect(pages.flat()).toEqual(newestFirst)
      expect(pages).toHaveLength(Math.ceil(5 / limit))
    }
  })

  test('that is added or deleted between two pages hides no other', async () => {
    const grants = []
    for (const scope of ['a', 'b', 'c', 'd']) grants.push(await addGrant(store, { names: namesOf(scope) }))
    const [a, b, c, d] = idsOf(grants)
    const { grants: first, nextCursor } = await store.listGrants(ofUser().macs, { cursor: undefined, limit: 2 })
    expect(idsOf(first)).toEqual([d, c])
    await addGrant(store, { names: namesOf('e') })
    await store.deleteGrant(c ?? '')
    const { grants: second } = await store.listGrants(ofUser().macs, { cursor: nextCursor, limit: 2 })
    expect(idsOf(second)).toEqual([b, a])
  })

  test('that has ended is not found, listed or counted, and is deleted later, in limited batches, with its names', async () => {
    const ids = []
    for (const scope of ['a', 'b', 'c', 'd']) ids.push((await addGrant(store, { names: namesOf(scope) })).id)
    const [kept = '', ...over] = ids
    const before = await store.countGrants()
    await end(...over)
    for (const id of over) expect(await store.findGrant(id)).toBeUndefined()
    expect(await live()).toEqual([kept])
    expect(idsOf((await store.listGrants(ofUser().macs, { cursor: undefined, limit: ALL })).grants)).toEqual([kept])
    expect(await store.countGrants()).toBe(before - 3)
    while ((await store.expire(2)) > 0);
    expect(await live()).toEqual([kept])
    const rows = await at.read('select distinct grant_id as id from grant_name union select id from user_grant')
    for (const id of over) expect(rows).not.toContainEqual({ id })
    expect(rows).toContainEqual({ id: kept })
  })

  test('is deleted once, with its names', async () => {
    const { id } = await addGrant(store, { names: namesOf('a') })
    expect([await store.deleteGrant(id), await store.deleteGrant(id)]).toEqual([true, false])
    expect([await store.findGrant(id), await live()]).toEqual([undefined, []])
    expect(await at.read(`select name from grant_name where grant_id = '${id}'`)).toEqual([])
  })

  describe('that is new', () => {
    test("replaces its owner's grants whose owned names it all has", async () => {
      await addGrant(store, { names: namesOf('a') })
      await addGrant(store, { names: namesOf('b') })
      const { id } = await addGrant(store, { names: namesOf('a', 'b', 'c') })
      expect(await live()).toEqual([id])
      const same = await addGrant(store, { names: namesOf('c', 'b', 'a') })
      expect(await live()).toEqual([same.id])
    })

    test('does not replace those with one more name', async () => {
      const wide = await addGrant(store, { names: namesOf('a', 'b') })
      const narrow = await addGrant(store, { names: namesOf('a') })
      const other = await addGrant(store, { names: namesOf('b', 'c') })
      expect(await live()).toEqual([other.id, narrow.id, wide.id])
    })

    test("does not replace another user's with the same names", async () => {
      const scope = nameOf('scope', user)
      const [mine, theirs] = [`${user} mine`, `${user} theirs`].map((owner) => [nameOf('owned', owner), scope])
      const former = await addGrant(store, { names: mine ?? [] })
      const { id } = await addGrant(store, { names: theirs ?? [] })
      expect(idsOf(await store.findGrantsByName(scope.macs, ALL))).toEqual([id, former.id])
    })

    test('does not replace those with two owners if it has one of them', async () => {
      const both = await addGrant(store, { names: [...namesOf('a'), nameOf('owned', `${user} by another id`)] })
      const { id } = await addGrant(store, { names: namesOf('a') })
      expect(await live()).toEqual([id, both.id])
    })

    test('and has no owner replaces none and is not replaced', async () => {
      const scope = nameOf('scope', user)
      const known = await addGrant(store, { names: [owned('a'), scope] })
      const first = await addGrant(store, { names: [scope] })
      const second = await addGrant(store, { names: [scope] })
      expect(idsOf(await store.findGrantsByName(scope.macs, ALL))).toEqual([second.id, first.id, known.id])
    })

    test('replaces those whose names are under a previous key', async () => {
      const under = (...keyIds: [string, ...string[]]) => [nameOf('user', user, keyIds), nameOf('owned', user, keyIds)]
      await addGrant(store, { names: under('old') })
      const { id } = await addGrant(store, { names: under('new', 'old') })
      expect(idsOf(await store.findGrantsByName(nameOf('user', user, ['new', 'old']).macs, ALL))).toEqual([id])
    })

    test('replaces in one commit: a reader sees the one or the other', async () => {
      await addGrant(store, { names: namesOf('a') })
      const seen = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const [, ...found] = await Promise.all([
            store.addGrant(newGrant({ names: namesOf('a') })),
            ...Array.from({ length: 10 }, live),
          ])
          return found
        }),
      )
      for (const ids of seen.flat()) expect(ids.length).toBeGreaterThanOrEqual(1)
    })
  })
})
