import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Store } from '../../src/store/store.ts'
import type { ExpiryNotices } from '../../src/store/timed-store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  claimed,
  claimedOne,
  claimLeftovers,
  finish,
  idsOf,
  MINUTE_MS,
  newAlterableStore,
  newConversation,
  newMessage,
  newStore,
  sealed,
  textOf,
  type AlterableStore,
} from '../support/stores.ts'

const HOUR_MS = 60 * MINUTE_MS
const inAnHour = () => Date.now() + HOUR_MS
const LATER = { state: 'queued', inMs: HOUR_MS, unsure: false } as const

describe.each(DATABASES)('a message with a time on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  /** Queues those whose time has come, each in its own conversation's name. */
  async function queueDue(from = store): Promise<string[]> {
    const { timed } = await from.findDueTimes(100)
    await from.queueTimed(timed.map(({ id, conversation }) => ({ id, conversations: [conversation] })))
    return idsOf(timed)
  }

  test('is not claimed before its time, is shown as queued, and does not hold up its conversation', async () => {
    const say = newConversation()
    const notBefore = inAnHour()
    const [timed, next] = [say({ notBefore }), say()]
    await store.accept([timed, next])
    expect(await queueDue()).toEqual([])
    expect(idsOf(await claimed(store))).toEqual([next.id])
    const shown = await store.find('orders', timed.id)
    expect(shown).toMatchObject({ state: 'queued', notBefore, nextAttemptAt: notBefore, wiped: false })
    const { messages } = await store.list({ caller: 'orders', state: 'queued', limit: 100 })
    expect(idsOf(messages)).toContain(timed.id)
    expect(idsOf((await store.list({ caller: 'orders', limit: 100 })).messages)).toContain(timed.id)
  })

  test('whose time has passed when it is accepted is due at once', async () => {
    const message = newMessage({ notBefore: Date.now() - MINUTE_MS })
    await store.accept([message])
    expect((await claimedOne(store)).id).toBe(message.id)
  })

  test('is found with its content when its time has come, and its tries last as long as from then on', async () => {
    const message = newMessage({ notBefore: Date.now() + 300, body: sealed('a text'), tryForMs: 5 * MINUTE_MS })
    await store.accept([message])
    expect((await store.findDueTimes(100)).nextInMs).toBeLessThanOrEqual(300)
    const found = await until(async () => (await store.findDueTimes(100)).timed.find(({ id }) => id === message.id))
    expect(textOf(found.body)).toBe('a text')
    await queueDue()
    const { id, tryForMs } = await claimedOne(store)
    expect(id).toBe(message.id)
    expect(Math.abs(tryForMs - 5 * MINUTE_MS)).toBeLessThan(MINUTE_MS)
  })

  test('is counted for its caller, and is not old before its time', async () => {
    const caller = 'timed caller'
    await store.accept([newMessage({ caller, notBefore: inAnHour(), body: sealed('12345') })])
    const counted = (await store.backlog()).find((one) => one.caller === caller)
    expect(counted).toEqual({ caller, messages: 1, bytes: 5, oldestMs: 0 })
  })

  test('can be cancelled before its time, and cannot be retried', async () => {
    const message = newMessage({ notBefore: inAnHour() })
    await store.accept([message])
    const waits = { kind: 'wrong_state', state: 'queued', wiped: false, waits: 'time' }
    expect(await store.retry('orders', message.id, MINUTE_MS)).toEqual(waits)
    expect(await store.cancel('orders', message.id)).toEqual({ kind: 'changed', state: 'cancelled' })
    expect(await store.find('orders', message.id)).toMatchObject({ state: 'cancelled', wiped: true })
  })

  describe('whose expires_at has come', () => {
    /** Ends those whose time has come. */
    async function endDue(from = store, notices?: ExpiryNotices) {
      const { expired } = await from.findDueTimes(100)
      return from.endExpired(expired.map(({ id, conversation }) => ({ id, conversation, notices })))
    }

    /** A claimed message in a store of its own. */
    async function acceptedAndExpiring() {
      const altered = await newAlterableStore(kind)
      const message = newMessage({ expiresAt: inAnHour() })
      await altered.store().accept([message])
      return { altered, message, claim: await claimedOne(altered.store()) }
    }

    test('is not claimed any more, ends as expired with its notice, and keeps its content for a retry', async () => {
      const message = newMessage({ expiresAt: Date.now() - 1 })
      await store.accept([message])
      expect(await claimed(store)).toEqual([])
      const notice = newMessage({ wire: 'webhook' })
      const ended = await endDue(store, { expired: notice, unknown: newMessage({ wire: 'webhook' }) })
      expect(ended).toEqual([{ id: message.id, state: 'expired' }])
      expect(await store.find('orders', message.id)).toMatchObject({ state: 'expired', wiped: false })
      expect(idsOf(await claimed(store, 'gw-1', 10, 'webhook'))).toEqual([notice.id])
      expect(await endDue()).toEqual([])

      expect(await store.retry('orders', message.id, MINUTE_MS)).toMatchObject({ state: 'queued' })
      expect((await store.find('orders', message.id))?.expiresAt).toBeNull()
      expect((await claimedOne(store)).id).toBe(message.id)
    })

    test('lets the next message of its conversation go', async () => {
      const say = newConversation()
      const [first, second] = [say({ expiresAt: Date.now() - 1 }), say()]
      await store.accept([first, second])
      expect(await claimed(store)).toEqual([])
      await endDue()
      expect(idsOf(await claimed(store))).toEqual([second.id])
    })

    test('and that waits behind another ends without letting it be overtaken', async () => {
      const say = newConversation()
      const [first, second, third] = [say(), say({ expiresAt: Date.now() - 1 }), say()]
      await store.accept([first, second, third])
      const sending = await claimedOne(store)
      expect(await endDue()).toEqual([{ id: second.id, state: 'expired' }])
      expect(await claimed(store)).toEqual([])
      await finish(store, [sending])
      expect(idsOf(await claimed(store))).toEqual([third.id])
    })

    test('ends as unknown when an attempt may have delivered it, and is left alone while it is being sent', async () => {
      const { altered, message, claim } = await acceptedAndExpiring()
      await altered.store().begin('gw-1', [message.id])
      await altered.alter('update message set not_after = 1')
      expect(await endDue(altered.store())).toEqual([])
      const next = { state: 'queued', inMs: 0, unsure: true } as const
      await finish(altered.store(), [claim], { attempt: { number: 1, outcome: 'unknown' }, next })
      expect(await endDue(altered.store())).toEqual([{ id: message.id, state: 'unknown' }])
    })

    test('does not begin an attempt although it was claimed before', async () => {
      const { altered, message } = await acceptedAndExpiring()
      await altered.alter('update message set not_after = 1')
      expect(await altered.store().begin('gw-1', [message.id])).toEqual([])
      await altered.store().release('gw-1', [message.id])
      expect(await endDue(altered.store())).toEqual([{ id: message.id, state: 'expired' }])
    })

    test('before its not_before ends too', async () => {
      const [notBefore, expiresAt] = [inAnHour(), Date.now() - 1]
      const message = newMessage({ notBefore, expiresAt })
      await store.accept([message])
      expect(await endDue()).toEqual([{ id: message.id, state: 'expired' }])
    })
  })

  describe('takes its place', () => {
    let altered: AlterableStore
    const say = () => newMessage({ conversations: ['key-1.line'] })
    const timed = () => newMessage({ conversations: ['key-1.line'], notBefore: inAnHour() })
    beforeEach(async () => {
      altered = await newAlterableStore(kind)
    })
    /** Lets the time of every timed message come. */
    async function passTime(): Promise<void> {
      await altered.alter(`update message set due_at = 1 where state = 'timed'`)
      await queueDue(altered.store())
    }
    /** Delivers what is due until nothing is. */
    async function deliverAll(): Promise<string[]> {
      const delivered: string[] = []
      for (;;) {
        const messages = await claimed(altered.store())
        if (messages.length === 0) return delivered
        expect(messages).toHaveLength(1)
        delivered.push(...idsOf(messages))
        await finish(altered.store(), messages)
      }
    }

    test('by the order of acceptance, before what is not begun', async () => {
      const [first, early, late, second] = [say(), timed(), timed(), say()]
      await altered.store().accept([early, first, late, second])
      await passTime()
      expect(await deliverAll()).toEqual(idsOf([early, first, late, second]))
    })

    test('after a message that waits for its second attempt', async () => {
      const [early, begun, next] = [timed(), say(), say()]
      await altered.store().accept([early, begun, next])
      const sending = await claimedOne(altered.store())
      await altered.store().begin('gw-1', [sending.id])
      await finish(altered.store(), [sending], { attempt: { number: 1, outcome: 'not_sent' }, next: LATER })
      await passTime()
      expect(await claimed(altered.store())).toEqual([])
      // The end of one that waits makes none due beside the one that has begun.
      await altered.store().cancel('orders', next.id)
      expect(await claimed(altered.store())).toEqual([])
      await altered.store().retry('orders', begun.id, MINUTE_MS)
      expect(await deliverAll()).toEqual(idsOf([begun, early]))
    })

    test('after a message that is being sent', async () => {
      const [early, begun, next] = [timed(), say(), say()]
      await altered.store().accept([early, begun, next])
      const { store: now } = altered
      const [sending] = await claimed(now())
      await passTime()
      expect(await claimed(now())).toEqual([])
      await finish(now(), sending === undefined ? [] : [sending])
      expect(await deliverAll()).toEqual(idsOf([early, next]))
    })

    test('under the name that messages of its conversation wait under now', async () => {
      const [early, waiting, next] = [timed(), newMessage({ conversations: ['key-2.line'] }), say()]
      await altered.store().accept([early, waiting])
      await altered.alter(`update message set due_at = 1 where state = 'timed'`)
      await altered.store().queueTimed([{ id: early.id, conversations: ['key-2.line', 'key-1.line'] }])
      await altered.store().accept([{ ...next, conversations: ['key-2.line', 'key-1.line'] }])
      expect(await deliverAll()).toEqual(idsOf([early, waiting, next]))
    })
  })

  test('is found by an erasure, which ends it', async () => {
    const message = newMessage({ notBefore: inAnHour() })
    await store.accept([message])
    const found = (await store.findContents('timed', undefined, 1000)).find(({ id }) => id === message.id)
    expect(found).toMatchObject({ id: message.id, caller: 'orders' })
    const position = found?.position
    expect(idsOf(await store.findContents('timed', position, 1000))).not.toContain(message.id)
    const erasure = { id: message.id, caller: 'orders', conversation: found?.conversation ?? '' }
    expect(await store.eraseMessages([erasure])).toEqual([{ id: message.id, result: 'ended' }])
    expect(await store.find('orders', message.id)).toMatchObject({ state: 'cancelled', wiped: true })
  })
})

async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
