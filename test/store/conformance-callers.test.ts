import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import { MESSAGE_STATES, type MessageRecord, type MessageState, type Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  claimed,
  claimedOne,
  finish,
  idsOf,
  MINUTE_MS,
  newLine,
  newMessage,
  newStore,
  claimLeftovers,
} from '../support/stores.ts'

describe.each(DATABASES)('a caller on %s', (kind) => {
  let store: Store
  let caller: string
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(async () => {
    caller = newId('req')
    await claimLeftovers(store)
  })

  test('finds its message with all public members', async () => {
    const message = newMessage({ caller, wire: 'v1' })
    const before = Date.now()
    await store.accept([message])
    const record = await store.find(caller, message.id)
    expect(record).toEqual({
      id: message.id,
      caller,
      wire: 'v1',
      state: 'queued',
      createdAt: expect.any(Number),
      finishedAt: null,
      nextAttemptAt: record?.createdAt,
      notBefore: null,
      expiresAt: null,
      wiped: false,
      attempts: [],
    })
    // The database's clock need not be ours.
    expect(Math.abs((record?.createdAt ?? 0) - before)).toBeLessThan(MINUTE_MS)
  })

  test("sees the time of a message's next attempt, or that it is not known", async () => {
    const line = newLine(2, { caller })
    await store.accept(line)
    const [first, second] = idsOf(line)
    const next = async (id = '') => (await store.find(caller, id))?.nextAttemptAt
    expect([await next(first), await next(second)]).toEqual([expect.any(Number), null])
    const message = await claimedOne(store)
    expect([await next(first), await next(second)]).toEqual([null, null])
    await finish(store, [message])
    expect([await next(first), await next(second)]).toEqual([null, expect.any(Number)])
  })

  test('sees neither another’s messages nor webhook payloads; the caller of a message can be looked up', async () => {
    const [other, notice] = [newMessage(), newMessage({ caller, wire: 'webhook' })]
    await store.accept([other, notice])
    for (const id of [other.id, notice.id, 'msg_none']) {
      expect(await store.find(caller, id)).toBeUndefined()
      expect(await store.retry(caller, id, MINUTE_MS)).toBeUndefined()
      expect(await store.cancel(caller, id)).toBeUndefined()
    }
    expect(await store.list({ caller, limit: 10 })).toEqual({ messages: [], nextCursor: undefined })
    expect(await store.list({ caller, state: 'queued', limit: 10 })).toEqual({ messages: [], nextCursor: undefined })
    expect(await store.find('orders', other.id)).toMatchObject({ state: 'queued' })
    const owners = [other.id, notice.id, 'msg_none'].map((id) => store.findCaller(id))
    expect(await Promise.all(owners)).toEqual(['orders', undefined, undefined])
  })

  test.each([undefined, ...MESSAGE_STATES])('pages through messages in state %s, newest first', async (state) => {
    const ids = await messagesInEveryState()
    const wanted = ids.filter((one) => state === undefined || one.state === state).reverse()
    for (const limit of [1, 3, wanted.length, 100]) {
      const found = await pages({ state, limit })
      expect(found.flat().map(({ id }) => id)).toEqual(idsOf(wanted))
      expect(found).toHaveLength(Math.ceil(wanted.length / limit))
      if (state !== undefined) expect(new Set(found.flat().map((one) => one.state))).toEqual(new Set([state]))
    }
  })

  test('continues a page at the same position, even if messages were added', async () => {
    const messages = newLine(6, { caller })
    await store.accept(messages)
    const first = await store.list({ caller, limit: 3 })
    await store.accept(newLine(2, { caller }))
    const second = await store.list({ caller, limit: 3, cursor: first.nextCursor })
    expect([...first.messages, ...second.messages].map(({ id }) => id)).toEqual(idsOf(messages).reverse())
    expect(second.nextCursor).toBeUndefined()
  })

  test('sees each message once, even if messages change', async () => {
    const messages = newLine(3, { caller })
    await store.accept(messages)
    const over = new AbortController()
    const changing = (async () => {
      while (!over.signal.aborted) await store.release('gw-1', idsOf(await claimed(store)))
    })()
    try {
      for (let look = 0; look < 50; look += 1) {
        const page = await store.list({ caller, limit: 10 })
        expect(idsOf(page.messages)).toEqual(idsOf(messages).reverse())
      }
    } finally {
      over.abort()
      await changing
    }
  })

  test('lists attempts with each message', async () => {
    const messages = Array.from({ length: 3 }, () => newMessage({ caller }))
    await store.accept(messages)
    for (const message of await claimed(store)) {
      await store.begin('gw-1', [message.id])
      await finish(store, [message], { attempt: { number: 1, outcome: `outcome of ${message.id}` } })
    }
    const page = await store.list({ caller, limit: 10 })
    expect(page.messages.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual(
      idsOf(messages)
        .map((id) => [`outcome of ${id}`])
        .reverse(),
    )
  })

  async function pages(filter: { state: MessageState | undefined; limit: number }): Promise<MessageRecord[][]> {
    const found: MessageRecord[][] = []
    let cursor: number | undefined
    do {
      const page = await store.list({ caller, ...filter, cursor })
      found.push(page.messages)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return found
  }

  /** Three messages in each state, mixed with another caller's messages and webhook payloads. */
  async function messagesInEveryState(): Promise<{ id: string; state: MessageState }[]> {
    const wanted = [...MESSAGE_STATES, ...MESSAGE_STATES, ...MESSAGE_STATES].map((state) => ({
      message: newMessage({ caller }),
      state,
    }))
    await store.accept(
      wanted.flatMap(({ message }) => [message, newMessage(), newMessage({ caller, wire: 'webhook' })]),
    )
    const messages = await claimed(store)
    for (const { message, state } of wanted) {
      const mine = messages.filter(({ id }) => id === message.id)
      if (state === 'queued') await store.release('gw-1', idsOf(mine))
      else if (state !== 'sending') await finish(store, mine, { next: { state } })
    }
    return wanted.map(({ message, state }) => ({ id: message.id, state }))
  }
})
