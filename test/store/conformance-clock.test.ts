import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { addGrant, foundGrant } from '../support/grants.ts'
import {
  acceptedAndClaimed,
  ALL,
  claimed,
  claimedOne,
  finish,
  idsOf,
  MINUTE_MS,
  newAlterableStore,
  newMessage,
  sealed,
  type AlterableStore,
} from '../support/stores.ts'

const DAY_MS = 24 * 60 * MINUTE_MS

describe.each(DATABASES)('after a clock that was a day ahead was set right, on %s,', (kind) => {
  let at: AlterableStore
  beforeEach(async () => {
    at = await newAlterableStore(kind)
  })
  /** Rows as if the clock had been ahead when these columns were written. */
  const writeAhead = (table: string, ...columns: string[]) =>
    at.alter(`update ${table} set ${columns.map((column) => `${column} = ${column} + ${DAY_MS}`).join(', ')}`)

  test('a message that was accepted meanwhile is due, and so is one that waits for its next attempt', async () => {
    const retried = await acceptedAndClaimed(at.store())
    await at.store().begin('gw-1', [retried.id])
    await finish(at.store(), [retried], { next: { state: 'queued', inMs: MINUTE_MS, unsure: false } })
    const fresh = newMessage()
    await at.store().accept([fresh])
    await writeAhead('message', 'due_at', 'due_set_at', 'created_at', 'give_up_at')
    expect(await at.store().claim('gw-1', 'v2', ALL)).toEqual({ messages: [], nextInMs: 0 })
    expect(idsOf(await claimed(at.store())).sort()).toEqual([retried.id, fresh.id].sort())
  })

  test('a message that waits correctly keeps waiting', async () => {
    const message = await acceptedAndClaimed(at.store())
    await at.store().begin('gw-1', [message.id])
    await finish(at.store(), [message], { next: { state: 'queued', inMs: 2 * DAY_MS, unsure: false } })
    expect(await claimed(at.store())).toEqual([])
    expect(await claimed(at.store())).toEqual([])
  })

  test('a rate-limit hold delays nothing', async () => {
    await at.store().holdForRateLimit({ retryAfterMs: MINUTE_MS })
    await writeAhead('pause', 'until', 'set_at')
    await at.store().accept([newMessage()])
    const { id } = await claimedOne(at.store())
    expect(await at.store().begin('gw-1', [id])).toEqual([{ id, number: 1 }])
  })

  test('messages of a gateway that is gone are taken over', async () => {
    const { id } = await acceptedAndClaimed(at.store())
    await at.alter(
      `delete from gateway; insert into gateway (id, lease_until)
       select 'gw-1', (select nowms + ${DAY_MS} from (select max(created_at) as nowms from message) m)`,
    )
    // A reopened SQLite file has no gateways anyway.
    expect(idsOf(await at.store().adopt('gw-2', ALL))).toEqual([id])
  })

  test('a grant whose refresh was started meanwhile can be refreshed', async () => {
    const { id } = await addGrant(at.store())
    await at.store().claimRefresh(id, 1, 'gw-1', MINUTE_MS)
    await at.store().backOffRefresh(id, 'gw-1', MINUTE_MS)
    expect(await at.store().claimRefresh(id, 1, 'gw-2', MINUTE_MS)).toEqual({ kind: 'backing_off' })
    await writeAhead('user_grant', 'lease_until', 'lease_set_at')
    expect(await at.store().claimRefresh(id, 1, 'gw-2', MINUTE_MS)).toEqual({ kind: 'claimed' })
  })

  test('an idempotency key that was used meanwhile is free after the usual time', async () => {
    const { store } = at
    const keyed = () => newMessage({ idempotency: { key: 'k-1', fingerprints: ['said'], ttlMs: DAY_MS } })
    await store().accept([keyed()])
    await writeAhead('idempotency', 'expires_at')
    await store().correctFutureTimes()
    expect(await store().accept([keyed()])).not.toEqual([{ kind: 'accepted' }])
    await at.alter(`update idempotency set expires_at = expires_at - ${DAY_MS + MINUTE_MS}`)
    await trustClock(store())
    expect(await store().accept([keyed()])).toEqual([{ kind: 'accepted' }])
  })

  test('clicks, keys, contents and grants that were stored meanwhile are kept no longer than others', async () => {
    const { id, accessMs } = await addGrant(at.store())
    await at.store().saveClick('clk_1', sealed('a click'), MINUTE_MS)
    const message = await acceptedAndClaimed(at.store(), {
      idempotency: { key: 'k-1', fingerprints: ['key-1.one'], ttlMs: DAY_MS },
    })
    await at.store().begin('gw-1', [message.id])
    await finish(at.store(), [message], { next: { state: 'failed' } })
    const live = await addGrant(at.store())
    await writeAhead('click', 'expires_at')
    await writeAhead('idempotency', 'expires_at')
    await writeAhead('message', 'finished_at', 'wipe_at')
    await at.alter(
      `update user_grant set access_until = access_until + ${DAY_MS}, ends_at = ends_at + ${DAY_MS},
        refresh_until = refresh_until + ${DAY_MS}, refreshed_at = refreshed_at + ${DAY_MS} where id = '${id}'`,
    )
    expect(await at.store().correctFutureTimes()).toBe(5)
    expect(await at.store().correctFutureTimes()).toBe(0)
    const { accessMs: mended, pairAgeMs } = await foundGrant(at.store(), id)
    expect(mended).toBeLessThanOrEqual(accessMs + MINUTE_MS)
    expect(mended).toBeGreaterThan(accessMs - MINUTE_MS)
    expect(pairAgeMs).toBeGreaterThanOrEqual(0)
    expect((await foundGrant(at.store(), live.id)).refreshedAt).toBe(live.refreshedAt)
    const [row] = await at.read(
      `select (select max(expires_at) from idempotency) - max(finished_at) as key_ms,
        max(wipe_at) - max(finished_at) as wipe_ms from message`,
    )
    expect(Number(row?.['key_ms'])).toBeLessThanOrEqual(DAY_MS + MINUTE_MS)
    expect(Number(row?.['wipe_ms'])).toBeLessThanOrEqual(DAY_MS + MINUTE_MS)
  })
})

describe.each(DATABASES)('while a clock is two days ahead, on %s,', (kind) => {
  test('an idempotency key stays known until the clock is trusted', async () => {
    const { store, alter } = await newAlterableStore(kind)
    const idempotency = { key: 'k-1', fingerprints: ['said'], ttlMs: DAY_MS, reply: sealed('reply') } as const
    const first = newMessage({ idempotency })
    await trustClock(store())
    await store().accept([first])
    // As if all of it had been two days ago.
    await alter(`update idempotency set expires_at = expires_at - ${2 * DAY_MS}`)
    await alter(`update clock set heard_at = heard_at - ${2 * DAY_MS}`)
    expect(await store().findRepeat('orders', idempotency)).toMatchObject({ kind: 'replay', messageId: first.id })
    expect(await store().accept([newMessage({ idempotency })])).toMatchObject([{ kind: 'replay', messageId: first.id }])
    await trustClock(store())
    expect(await store().findRepeat('orders', idempotency)).toBeUndefined()
    expect(await store().accept([newMessage({ idempotency })])).toEqual([{ kind: 'accepted' }])
  })
})

describe.each(DATABASES)('while a clock that has just jumped ahead is not trusted, on %s,', (kind) => {
  test('a click that has expired only by that clock is found', async () => {
    const at = await newAlterableStore(kind)
    await at.store().saveClick('clk-1', sealed('a click'), MINUTE_MS)
    await trustClock(at.store())
    await at.alter(`update click set expires_at = expires_at - ${2 * MINUTE_MS}`)
    await at.alter(`update clock set heard_at = heard_at - ${3 * MINUTE_MS}`)
    expect(await at.store().findClick('clk-1')).toBeDefined()
    await trustClock(at.store())
    expect(await at.store().findClick('clk-1')).toBeUndefined()
  })

  /** As if the clock had jumped two days ahead after it was last checked. */
  const jump = async ({ alter }: AlterableStore) => {
    const columns = {
      click: ['expires_at'],
      consent: ['expires_at', 'link_until'],
      message: ['created_at', 'finished_at', 'wipe_at'],
      idempotency: ['expires_at'],
      user_grant: ['access_until', 'refresh_until', 'previous_until', 'ends_at', 'refreshed_at'],
      clock: ['heard_at'],
    }
    for (const [table, times] of Object.entries(columns)) {
      await alter(`update ${table} set ${times.map((time) => `${time} = ${time} - ${2 * DAY_MS}`).join(', ')}`)
    }
  }

  /** One of each that can expire; the key of what is found of it is its name. */
  async function storeOfEach(store: Store) {
    const { id } = await addGrant(store, { content: sealed('pair', 'of-a-pair') })
    await store.claimRefresh(id, 1, 'gw-1', MINUTE_MS)
    const pairs = { content: sealed('second pair', 'of-a-pair'), previous: sealed('pair', 'of-a-former-pair') }
    const times = { accessMs: MINUTE_MS, refreshMs: MINUTE_MS, previousMs: MINUTE_MS }
    await store.commitRefresh({ id, version: 1, owner: 'gw-1', ...pairs, ...times })
    await store.saveClick('clk-1', sealed('a click', 'of-a-click'), MINUTE_MS)
    const idempotency = { key: 'k-1', fingerprints: ['of-a-key.said'], ttlMs: MINUTE_MS } as const
    const message = await acceptedAndClaimed(store, { body: sealed('body', 'of-a-body'), idempotency })
    await finish(store, [message], { next: { state: 'failed' } })
    await trustClock(store)
    return { id, message }
  }
  const deleted = async (store: Store) => [
    await store.wipe(ALL),
    await store.purge(DAY_MS, ALL),
    await store.expire(ALL),
  ]

  test('nothing is deleted by its age, however long the jump goes unnoticed, and then what is old', async () => {
    const at = await newAlterableStore(kind)
    await storeOfEach(at.store())
    await jump(at)
    expect(await deleted(at.store())).toEqual([0, 0, 0])
    await trustClock(at.store())
    expect(await deleted(at.store())).toEqual([1, 2, 2])
  })

  test('grants that have expired only by that clock need their keys, count, and keep their former pairs', async () => {
    const at = await newAlterableStore(kind)
    const { id } = await storeOfEach(at.store())
    await jump(at)
    const keys = async () => (await at.store().keysInUse()).map(({ keyId }) => keyId).sort()
    expect(await keys()).toEqual(['of-a-body', 'of-a-former-pair', 'of-a-pair'])
    expect(await at.store().countGrants()).toBe(1)
    expect((await foundGrant(at.store(), id)).previous).toBeDefined()
    await trustClock(at.store())
    expect(await keys()).toEqual(['of-a-body'])
    expect(await at.store().countGrants()).toBe(0)
  })

  test('a start needs no key of clicks and idempotency keys that expired while no gateway ran', async () => {
    const at = await newAlterableStore(kind)
    await at.store().saveClick('clk-1', sealed('a click', 'of-a-click'), MINUTE_MS)
    await trustClock(at.store())
    await at.alter(`update click set expires_at = expires_at - ${2 * MINUTE_MS}`)
    await at.alter(`update clock set heard_at = heard_at - ${3 * MINUTE_MS}`)
    expect(await at.store().keysInUse()).toEqual([])
  })

  test('nothing is made older by a clock that has jumped back since it was checked', async () => {
    const at = await newAlterableStore(kind)
    await storeOfEach(at.store())
    await at.alter(`update clock set heard_at = heard_at + ${DAY_MS}`)
    await at.alter(`update message set wipe_at = wipe_at + ${DAY_MS}, finished_at = finished_at + ${DAY_MS}`)
    await at.alter(`update user_grant set refreshed_at = refreshed_at + ${DAY_MS}`)
    expect(await at.store().correctFutureTimes()).toBe(0)
    await trustClock(at.store())
    expect(await at.store().correctFutureTimes()).toBe(3)
  })
})
