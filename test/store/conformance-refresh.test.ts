import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { StoredGrant } from '../../src/store/consent-store.ts'
import type { Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { addGrant, foundGrant, nameOf } from '../support/grants.ts'
import { ALL, idsOf, MINUTE_MS, newAlterableStore, sealed, textOf, type AlterableStore } from '../support/stores.ts'

const HOUR_MS = 60 * MINUTE_MS
const CLAIMED = { kind: 'claimed' }

describe.each(DATABASES)('on %s', (kind) => {
  let at: AlterableStore
  let store: Store
  let grant: StoredGrant
  let id: string
  beforeAll(async () => {
    at = await newAlterableStore(kind)
  })
  beforeEach(async () => {
    store = at.store()
    await trustClock(store)
    await store.expire(ALL)
    grant = await addGrant(store, { content: sealed('first pair') })
    id = grant.id
  })

  const claim = (owner: string, version = 1, leaseMs = MINUTE_MS) => store.claimRefresh(id, version, owner, leaseMs)
  const commit = (
    owner: string,
    pair: string,
    former: string,
    { version = 1, ...more }: { previousMs?: number; version?: number } = {},
  ) => {
    const [content, previous] = [sealed(pair, 'key-2'), sealed(former, 'key-3')]
    const times = { accessMs: 2 * HOUR_MS, refreshMs: 48 * HOUR_MS, previousMs: MINUTE_MS }
    return store.commitRefresh({ id, version, owner, content, previous, ...times, ...more })
  }
  const refreshed = async (more: { previousMs?: number } = {}) => {
    expect(await claim('gw-1')).toEqual(CLAIMED)
    expect(await commit('gw-1', 'second pair', 'first pair', more)).toBe(true)
    return foundGrant(store, id)
  }
  async function alter(assignment: string): Promise<void> {
    await at.alter(`update user_grant set ${assignment} where id = '${id}'`)
    store = at.store()
  }
  async function read(): Promise<Record<string, unknown> | undefined> {
    const [row] = await at.read(`select * from user_grant where id = '${id}'`)
    store = at.store()
    return row
  }

  describe('the lease to refresh a token pair', () => {
    test('is given to one of any number of simultaneous callers', async () => {
      const kinds = (await Promise.all(Array.from({ length: 50 }, (_, number) => claim(`gw-${number}`)))).map(
        (one) => one.kind,
      )
      expect(kinds.sort()).toEqual([...Array.from({ length: 49 }, () => 'busy'), 'claimed'])
    })

    test('is not given twice to the same owner', async () => {
      expect(await claim('gw-1')).toEqual(CLAIMED)
      expect(await claim('gw-1')).toEqual({ kind: 'busy' })
    })

    test('of one grant does not block other grants', async () => {
      expect(await claim('gw-1')).toEqual(CLAIMED)
      const other = await addGrant(store)
      expect(await store.claimRefresh(other.id, 1, 'gw-2', MINUTE_MS)).toEqual(CLAIMED)
    })

    test('that has expired can be taken by another, and its previous owner can change nothing', async () => {
      expect(await claim('gw-1', 1, 0)).toEqual(CLAIMED)
      expect(await claim('gw-2')).toEqual(CLAIMED)
      expect(await commit('gw-1', 'late pair', 'first pair')).toBe(false)
      await store.backOffRefresh(id, 'gw-1', 0)
      expect(await foundGrant(store, id)).toMatchObject({ version: 1, content: grant.content, previous: undefined })
      expect(await claim('gw-3')).toEqual({ kind: 'busy' })
      expect(await commit('gw-2', 'second pair', 'first pair')).toBe(true)
      expect(textOf((await foundGrant(store, id)).content)).toBe('second pair')
    })

    test('is required for a commit, and is used up by it', async () => {
      expect(await commit('gw-1', 'stolen pair', 'first pair')).toBe(false)
      await refreshed()
      expect(await commit('gw-1', 'third pair', 'second pair')).toBe(false)
      expect(textOf((await foundGrant(store, id)).content)).toBe('second pair')
    })

    test('of a deleted grant cannot be taken or used', async () => {
      expect(await claim('gw-1')).toEqual(CLAIMED)
      await store.deleteGrant(id)
      expect(await commit('gw-1', 'second pair', 'first pair')).toBe(false)
      await store.backOffRefresh(id, 'gw-1', MINUTE_MS)
      expect(await claim('gw-2')).toEqual({ kind: 'gone' })
      expect(await store.findGrant(id)).toBeUndefined()
    })

    test('is blocked for a time after a failure, then anyone can take it', async () => {
      expect(await claim('gw-1')).toEqual(CLAIMED)
      await store.backOffRefresh(id, 'gw-1', MINUTE_MS)
      expect(await claim('gw-1')).toEqual({ kind: 'backing_off' })
      expect(await claim('gw-2')).toEqual({ kind: 'backing_off' })
      expect(await commit('gw-1', 'late pair', 'first pair')).toBe(false)
      await alter('lease_until = 0')
      expect(await claim('gw-2')).toEqual(CLAIMED)
    })

    test('is never blocked without a failure', async () => {
      for (let version = 1; version <= 40; version += 1) {
        expect(await claim('gw-1', version)).toEqual(CLAIMED)
        const [done, ...told] = await Promise.all([
          commit('gw-1', `pair ${version + 1}`, `pair ${version}`, { version }),
          ...Array.from({ length: 20 }, async () => (await claim('gw-2', version)).kind),
        ])
        expect(done).toBe(true)
        for (const one of told) expect(['busy', 'changed']).toContain(one)
      }
    })
  })

  describe('a refreshed token pair', () => {
    test('is returned to every caller that has the previous one', async () => {
      await refreshed()
      for (const owner of ['gw-1', 'gw-2']) {
        const told = await claim(owner)
        expect(told).toMatchObject({ kind: 'changed', grant: { id, version: 2 } })
        expect(told.kind === 'changed' && textOf(told.grant.content)).toBe('second pair')
      }
      expect(await claim('gw-2', 2)).toEqual(CLAIMED)
      expect(await claim('gw-3', 1)).toMatchObject({ kind: 'changed' })
      expect(await commit('gw-2', 'third pair', 'second pair', { version: 2 })).toBe(true)
      expect(await foundGrant(store, id)).toMatchObject({ version: 3 })
    })

    test('is not replaced by a late commit based on the previous version', async () => {
      await refreshed()
      expect(await claim('gw-1', 2)).toEqual(CLAIMED)
      expect(await commit('gw-1', 'late pair', 'first pair')).toBe(false)
      expect(await foundGrant(store, id)).toMatchObject({ version: 2 })
      expect(await commit('gw-1', 'third pair', 'second pair', { version: 2 })).toBe(true)
    })

    test('has its own expiry times, and is found by the same names at the same position', async () => {
      await alter(`created_at = created_at - ${HOUR_MS}, refreshed_at = refreshed_at - ${HOUR_MS}`)
      const { seq, createdAt } = await foundGrant(store, id)
      const after = await refreshed()
      expect(after).toMatchObject({ seq, createdAt })
      expect(after.refreshedAt - createdAt).toBeGreaterThanOrEqual(HOUR_MS)
      expect(after.pairAgeMs).toBeLessThan(HOUR_MS)
      expect(after.accessMs).toBeGreaterThan(HOUR_MS)
      expect(after.refreshMs).toBeGreaterThan(24 * HOUR_MS)
      expect(idsOf(await store.findGrantsByName(nameOf('scope', id).macs, ALL))).toEqual([id])
    })

    test('keeps the previous one until its time is over', async () => {
      const { content, previous } = await refreshed()
      expect([content.keyId, previous?.keyId, textOf(previous)]).toEqual(['key-2', 'key-3', 'first pair'])
      expect(await store.expire(ALL)).toBe(0)
      await alter('previous_until = 0')
      expect((await foundGrant(store, id)).previous).toBeUndefined()
    })

    test("is the only one in the database once the previous one's time is over", async () => {
      await refreshed({ previousMs: 0 })
      await trustClock(store)
      expect((await foundGrant(store, id)).previous).toBeUndefined()
      expect((await read())?.['previous']).toEqual(Buffer.from('first pair'))
      expect(await store.expire(ALL)).toBe(1)
      expect(await read()).toMatchObject({ previous: null, previous_key: null, previous_until: null })
      expect(await store.expire(ALL)).toBe(0)
      expect(textOf((await foundGrant(store, id)).content)).toBe('second pair')
    })
  })

  describe('a grant whose refresh token has become invalid', () => {
    test('is ended by the owner of its lease', async () => {
      await claim('gw-1')
      expect(await store.endGrant(id, 1, 'gw-2')).toBe(false)
      expect(await store.endGrant(id, 1, 'gw-1')).toBe(true)
      expect(await store.findGrant(id)).toBeUndefined()
    })

    test('is not ended by a previous owner after another gateway has refreshed it', async () => {
      await claim('gw-1', 1, 0)
      expect(await claim('gw-2')).toEqual(CLAIMED)
      expect(await commit('gw-2', 'second pair', 'first pair')).toBe(true)
      expect(await store.endGrant(id, 1, 'gw-1')).toBe(false)
      expect(await claim('gw-1', 2)).toEqual(CLAIMED)
      expect(await store.endGrant(id, 1, 'gw-1')).toBe(false)
      expect(await foundGrant(store, id)).toMatchObject({ version: 2 })
    })
  })

  describe('grants that must be refreshed soon', () => {
    const ending = async (limit = ALL) => idsOf(await store.findExpiringGrants(MINUTE_MS, limit))

    test('are those whose refresh token ends soon, the soonest first, within a limit', async () => {
      const soon = await addGrant(store, { refreshMs: MINUTE_MS - 1 })
      const sooner = await addGrant(store, { refreshMs: MINUTE_MS / 2 })
      await addGrant(store, { refreshMs: undefined, accessMs: 1000 })
      await addGrant(store, { refreshMs: 0 })
      await addGrant(store, { refreshMs: HOUR_MS, accessMs: 0 })
      expect(await ending()).toEqual([sooner.id, soon.id])
      expect(await ending(1)).toEqual([sooner.id])
      expect(idsOf(await store.findExpiringGrants(MINUTE_MS, 1, [sooner.id]))).toEqual([soon.id])
      await at.alter('delete from user_grant')
    })

    test('are none that is being refreshed or was tried just before', async () => {
      await alter('refresh_until = refresh_until - 86400000 + 30000')
      expect(await ending()).toEqual([id])
      await claim('gw-1')
      expect(await ending()).toEqual([])
      await store.backOffRefresh(id, 'gw-1', MINUTE_MS)
      expect(await ending()).toEqual([])
      await alter('lease_until = 0')
      expect(await ending()).toEqual([id])
    })
  })
})
