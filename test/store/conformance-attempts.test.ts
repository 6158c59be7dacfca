import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  claimed,
  claimedOne,
  finish,
  newMessage,
  newStore,
  claimLeftovers,
} from '../support/stores.ts'

describe.each(DATABASES)('an attempt on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  test('gets the next number and a row of its own before its first byte is sent', async () => {
    const message = await acceptedAndClaimed(store)
    const { id } = message
    for (const number of [1, 2, 3]) {
      expect(await store.begin('gw-1', [id])).toEqual([{ id, number }])
      const record = await store.find('orders', id)
      expect(record?.attempts.at(-1)).toEqual({
        number,
        begunAt: expect.any(Number),
        endedAt: null,
        outcome: null,
        status: null,
        code: null,
        reason: null,
      })
      expect(record?.attempts).toHaveLength(number)
      await finish(store, [message], {
        attempt: { number, outcome: 'not_sent' },
        next: { state: 'queued', inMs: 0, unsure: false },
      })
      expect(await claimedOne(store)).toMatchObject({ id, attempts: number })
    }
  })

  test('is started only by the owner of the lease, while the message is being sent', async () => {
    const [mine, ended] = [newMessage(), newMessage()]
    await store.accept([mine, ended])
    const messages = await claimed(store)
    await finish(
      store,
      messages.filter(({ id }) => id === ended.id),
    )
    const other = await acceptedAndClaimed(store, {}, 'gw-2')
    const queued = newMessage()
    await store.accept([queued])
    const ids = [ended.id, other.id, queued.id, mine.id, 'msg_none']
    expect(await store.begin('gw-1', ids)).toEqual([{ id: mine.id, number: 1 }])
    for (const id of [ended.id, other.id, queued.id]) {
      expect(await store.find('orders', id)).toMatchObject({ attempts: [] })
    }
  })

  test('disappears when its message is released', async () => {
    const { id } = await acceptedAndClaimed(store)
    await store.begin('gw-1', [id])
    await store.release('gw-1', [id])
    expect(await store.find('orders', id)).toMatchObject({
      state: 'queued',
      nextAttemptAt: expect.any(Number),
      attempts: [],
    })
  })

  test('that has ended stays when a later one is released', async () => {
    const message = await acceptedAndClaimed(store)
    await store.begin('gw-1', [message.id])
    await finish(store, [message], {
      attempt: { number: 1, outcome: 'platform_error', status: 500 },
      next: { state: 'queued', inMs: 0, unsure: false },
    })
    await claimedOne(store)
    await store.begin('gw-1', [message.id])
    await store.release('gw-1', [message.id])
    const record = await store.find('orders', message.id)
    expect(record?.attempts).toMatchObject([{ number: 1, outcome: 'platform_error' }])
    expect(await claimedOne(store)).toMatchObject({ attempts: 1 })
  })

  test('is released only by the owner of the lease', async () => {
    const { id } = await acceptedAndClaimed(store)
    await store.begin('gw-1', [id])
    await store.release('gw-2', [id])
    expect(await store.find('orders', id)).toMatchObject({ state: 'sending', attempts: [{ endedAt: null }] })
  })

  test('is not started for an empty list', async () => {
    expect(await store.begin('gw-1', [])).toEqual([])
    expect(await store.finish('gw-1', [])).toEqual([])
    await store.release('gw-1', [])
  })
})
