import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { FinalState, SealedRow, Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  ALL,
  claimed,
  claimedOne,
  finish,
  idsOf,
  MINUTE_MS,
  newAlterableStore,
  newLine,
  newMessage,
  sealed,
  claimLeftovers,
  textOf,
  type AlterableStore,
} from '../support/stores.ts'

const DAY_MS = 24 * 60 * MINUTE_MS

describe.each(DATABASES)('maintenance on %s', (kind) => {
  let at: AlterableStore
  let store: Store
  /** Of one test alone, since what is counted here is counted across the store. */
  let caller: string
  let keyId: string
  beforeAll(async () => {
    at = await newAlterableStore(kind)
  })
  beforeEach(async () => {
    store = at.store()
    caller = newId('req')
    keyId = newId('req')
    await claimLeftovers(store)
    await purge(-1000, ALL)
  })

  /** As if so much time had passed for this test's messages. */
  async function pass(ms: number): Promise<void> {
    await at.alter(`update message set wipe_at = wipe_at - ${ms} where caller = '${caller}'`)
    store = at.store()
    await trustClock(store)
  }

  /** While the clock is trusted. */
  async function purge(retentionMs: number, limit: number): Promise<number> {
    await trustClock(store)
    return store.purge(retentionMs, limit)
  }

  /** Messages that ended like this. */
  async function ended(state: FinalState, howMany = 1): Promise<string[]> {
    const messages = Array.from({ length: howMany }, () => newMessage({ caller, body: sealed('body', keyId) }))
    await store.accept(messages)
    await finish(store, await claimed(store), { next: { state } })
    return idsOf(messages)
  }

  async function wipedOf(ids: readonly string[]): Promise<unknown[]> {
    return Promise.all(ids.map(async (id) => (await store.find(caller, id))?.wiped))
  }

  test('wipes content a day after a final state other than delivered, in limited batches, and the message cannot be retried', async () => {
    const old = [...(await ended('rejected')), ...(await ended('failed')), ...(await ended('unknown'))]
    const [again = ''] = await ended('failed')
    await store.retry(caller, again, MINUTE_MS)
    await pass(DAY_MS - MINUTE_MS)
    expect(await store.wipe(ALL)).toBe(0)
    await pass(MINUTE_MS)
    expect(await store.wipe(2)).toBe(2)
    expect((await wipedOf(old)).filter((wiped) => wiped === false)).toHaveLength(1)
    expect([await store.wipe(2), await store.wipe(2)]).toEqual([1, 0])
    expect(await wipedOf([...old, again])).toEqual([true, true, true, false])
    expect(await store.retry(caller, old[0] ?? '', MINUTE_MS)).toMatchObject({ kind: 'wrong_state', wiped: true })
    expect((await claimedOne(store)).body).toBeDefined()
  })

  test('deletes messages after the retention time, in limited batches', async () => {
    const ids = [...(await ended('delivered', 3)), ...(await ended('failed', 2))]
    expect(await purge(MINUTE_MS, ALL)).toBe(0)
    expect([await purge(-1000, 3), await purge(-1000, 3), await purge(-1000, 3)]).toEqual([3, 2, 0])
    for (const id of ids) expect(await store.find(caller, id)).toBeUndefined()
  })

  test('deletes attempts with their message', async () => {
    const message = await acceptedAndClaimed(store, { caller })
    await store.begin('gw-1', [message.id])
    await finish(store, [message])
    await purge(-1000, ALL)
    await store.accept([newMessage({ caller, id: message.id })])
    expect(await store.find(caller, message.id)).toMatchObject({ state: 'queued', attempts: [] })
  })

  test('deletes no message that is still to be sent', async () => {
    const [first, second] = newLine(2, { caller })
    if (first === undefined || second === undefined) throw new Error('a line of two')
    await store.accept([first, second])
    await claimedOne(store)
    expect(await purge(-1000, ALL)).toBe(0)
    expect(await store.find(caller, first.id)).toMatchObject({ state: 'sending' })
    expect(await store.find(caller, second.id)).toMatchObject({ state: 'queued' })
  })

  test('deletes expired idempotency keys and no others', async () => {
    const idempotency = { fingerprints: ['said'], reply: sealed('reply', keyId) } as const
    const keyed = (key: string, ttlMs: number) => newMessage({ caller, idempotency: { ...idempotency, key, ttlMs } })
    await store.accept([keyed('over', 0), keyed('over too', -1000), keyed('kept', MINUTE_MS)])
    expect([await purge(MINUTE_MS, 1), await purge(MINUTE_MS, 1), await purge(MINUTE_MS, 1)]).toEqual([1, 1, 0])
    expect(await usesOf(keyId)).toBe(1)
    await finish(store, await claimed(store))
    await purge(-1000, ALL)
    expect(await store.accept([keyed('kept', MINUTE_MS)])).toMatchObject([{ kind: 'replay' }])
  })

  test('counts the rows under each key', async () => {
    const idempotency = { key: 'a', fingerprints: ['said'], ttlMs: MINUTE_MS, reply: sealed('reply', keyId) } as const
    const other = newId('req')
    await store.accept([newMessage({ caller, body: sealed('body', keyId), idempotency })])
    await store.accept([newMessage({ caller, body: sealed('body', other) })])
    expect([await usesOf(keyId), await usesOf(other)]).toEqual([2, 1])
    await finish(store, await claimed(store))
    expect([await usesOf(keyId), await usesOf(other)]).toEqual([1, 0])
  })

  test('counts names under each key for as long as they are looked up', async () => {
    const other = newId('req')
    const idempotency = { key: 'a', fingerprints: [`${keyId}.said`], ttlMs: MINUTE_MS } as const
    await store.accept([newMessage({ caller, conversations: [`${other}.c`], idempotency })])
    await store.accept([newMessage({ caller, conversations: [`${other}.d`], leasedTo: 'gw-1' })])
    expect([await usesOf(keyId), await usesOf(other)]).toEqual([1, 1])
    await finish(store, await claimed(store), { idempotency: 'free' })
    expect([await usesOf(keyId), await usesOf(other)]).toEqual([0, 0])
  })

  test('finds bodies and replies under previous keys, in limited batches', async () => {
    const newest = newId('req')
    const idempotency = { key: 'a', fingerprints: ['said'], ttlMs: MINUTE_MS, reply: sealed('reply', keyId) } as const
    const message = newMessage({ caller, body: sealed('body', keyId), idempotency })
    await store.accept([message, newMessage({ caller, body: sealed('body', keyId) })])
    await store.accept([newMessage({ caller, body: sealed('body', newest) })])
    const rows = (await store.findRowsUnderOtherKeys(newest, ALL)).filter(({ sealed: { keyId: one } }) => one === keyId)
    expect(rows.map((row) => row.kind).sort()).toEqual(['body', 'body', 'reply'])
    expect(textOf(rows.find((row) => row.kind === 'reply')?.sealed)).toBe('reply')
    expect(rows.find((row) => row.kind === 'reply')?.id).toBe(message.id)
    expect(rows.every(({ sealed: { keyId: one } }) => one !== newest)).toBe(true)
    const batch = await store.findRowsUnderOtherKeys(newest, 1)
    expect(batch.filter((row) => row.kind === 'body')).toHaveLength(1)
  })

  test('encrypts rows again under another key, and they can be read', async () => {
    const newest = newId('req')
    const idempotency = { key: 'a', fingerprints: ['said'], ttlMs: MINUTE_MS, reply: sealed('reply', keyId) } as const
    const message = newMessage({ caller, body: sealed('body', keyId), idempotency })
    await store.accept([message])
    const rows = await under(keyId)
    expect(await store.reseal(rows.map((was) => ({ was, now: sealed(`new ${was.kind}`, newest) })))).toBe(2)
    expect(await under(keyId)).toEqual([])
    const { body } = await claimedOne(store)
    expect([body?.keyId, textOf(body)]).toEqual([newest, 'new body'])
    const [repeat] = await store.accept([newMessage({ caller, idempotency })])
    expect(repeat?.kind === 'replay' && [repeat.reply.keyId, textOf(repeat.reply)]).toEqual([newest, 'new reply'])
  })

  test('counts, finds and encrypts again the answers of delivered messages', async () => {
    const newest = newId('req')
    const message = newMessage({ caller, wire: 'bot' })
    await store.accept([message])
    await finish(store, [await claimedOne(store, 'gw-1', 'bot')], { answer: sealed('b-1', keyId) })
    expect(await usesOf(keyId)).toBe(1)
    const rows = await under(keyId)
    expect(rows.map(({ kind, id, sealed: found }) => [kind, id, textOf(found)])).toEqual([
      ['answer', message.id, 'b-1'],
    ])
    const again = rows.map((was) => ({ was, now: sealed('b-1 again', newest) }))
    expect([await store.reseal(again), await store.reseal(again)]).toEqual([1, 0])
    expect(textOf((await store.find(caller, message.id))?.answer)).toBe('b-1 again')
    await purge(-1000, ALL)
    expect([await usesOf(newest), await store.find(caller, message.id)]).toEqual([0, undefined])
  })

  test('skips rows that were wiped, freed or encrypted again since they were read', async () => {
    const idempotency = { key: 'a', fingerprints: ['said'], ttlMs: MINUTE_MS, reply: sealed('reply', keyId) } as const
    const body = sealed('body', keyId)
    const [wiped, resealed] = [newMessage({ caller, body, idempotency }), newMessage({ caller, body })]
    await store.accept([wiped, resealed])
    const rows = await under(keyId)
    const messages = await claimed(store)
    await finish(
      store,
      messages.filter(({ id }) => id === wiped.id),
      { idempotency: 'free' },
    )
    const newest = newId('req')
    const mine = rows.filter(({ id }) => id === resealed.id)
    expect(await store.reseal(mine.map((was) => ({ was, now: sealed('first', newest) })))).toBe(1)
    expect(await store.reseal(rows.map((was) => ({ was, now: sealed('late', newId('req')) })))).toBe(0)
    expect(await wipedOf([wiped.id])).toEqual([true])
    await store.release('gw-1', [resealed.id])
    expect(textOf((await claimedOne(store)).body)).toBe('first')
    expect(await store.reseal([])).toBe(0)
  })

  test('says for each caller how old its oldest waiting message is', async () => {
    await store.accept(newLine(2, { caller }))
    await at.alter(
      `update message set created_at = created_at - ${MINUTE_MS} where caller = '${caller}' and due_at > 0`,
    )
    store = at.store()
    const oldestMs = async () => (await store.backlog()).find((one) => one.caller === caller)?.oldestMs
    expect(await oldestMs()).toBeGreaterThanOrEqual(MINUTE_MS)
    await finish(store, [await claimedOne(store)])
    expect(await oldestMs()).toBeLessThan(MINUTE_MS)
  })

  test('counts queued and sending messages of each caller', async () => {
    const other = newId('req')
    const mine = [...newLine(3, { caller }), newMessage({ caller, wire: 'v1' })]
    const uncounted = [newMessage({ caller, wire: 'webhook' }), newMessage({ caller, leasedTo: 'gw-1' })]
    await store.accept([...mine, ...uncounted, newMessage({ caller: other })])
    const counts = async () => {
      const counted = new Map((await store.backlog()).map((one) => [one.caller, one.messages]))
      return [counted.get(caller), counted.get(other)]
    }
    expect(await counts()).toEqual([4, 1])
    const messages = await claimed(store)
    expect(await counts()).toEqual([4, 1])
    await finish(store, messages, { next: { state: 'failed' } })
    expect(await counts()).toEqual([3, undefined])
  })

  async function under(one: string): Promise<SealedRow[]> {
    return (await store.findRowsUnderOtherKeys('none', ALL)).filter((row) => row.sealed.keyId === one)
  }

  async function usesOf(one: string): Promise<number> {
    return (await store.keysInUse()).find((used) => used.keyId === one)?.rows ?? 0
  }
})
