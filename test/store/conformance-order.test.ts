import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { FINAL_STATES, StoreError, type Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  claimed,
  claimedOne,
  finish,
  idsOf,
  MINUTE_MS,
  newConversation,
  newLine,
  newMessage,
  newStore,
  claimLeftovers,
} from '../support/stores.ts'

describe.each(DATABASES)('a conversation on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  /** Delivers what is due, one of each conversation at a time, until nothing is. */
  async function deliverAll(): Promise<string[]> {
    const delivered: string[] = []
    for (;;) {
      const messages = await claimed(store)
      if (messages.length === 0) return delivered
      expect(messages).toHaveLength(new Set(messages.map(({ conversation }) => conversation)).size)
      delivered.push(...idsOf(messages))
      await finish(store, messages)
    }
  }

  test.each(FINAL_STATES)('sends its next message once the previous one is %s, and no sooner', async (state) => {
    const [first, second, third] = idsOf(await acceptLine(3))
    const sending = await claimedOne(store)
    expect(sending.id).toBe(first)
    expect(await claimed(store, 'gw-2')).toEqual([])
    await finish(store, [sending], { next: { state } })
    expect((await claimedOne(store)).id).toBe(second)
    expect(await claimed(store)).toEqual([])
    expect(await store.find('orders', third ?? '')).toMatchObject({ state: 'queued', nextAttemptAt: null })
  })

  test('waits while its first message waits for another attempt', async () => {
    const [first] = await acceptLine(2)
    await finish(store, [await claimedOne(store)], { next: { state: 'queued', inMs: MINUTE_MS, unsure: false } })
    expect(await claimed(store)).toEqual([])
    await store.retry('orders', first?.id ?? '', MINUTE_MS)
    expect((await claimedOne(store)).id).toBe(first?.id)
    expect(await claimed(store)).toEqual([])
  })

  test('returns a message that was claimed and released as the first again', async () => {
    const [first] = await acceptLine(2)
    const { id } = await claimedOne(store)
    await store.release('gw-1', [id])
    expect((await claimedOne(store, 'gw-2')).id).toBe(first?.id)
  })

  test('keeps the order of its messages, within a call and between calls', async () => {
    const line = newLine(7)
    await store.accept(line.slice(0, 3))
    await store.accept(line.slice(3, 4))
    await store.accept(line.slice(4))
    expect(await deliverAll()).toEqual(idsOf(line))
  })

  test('does not wait for another', async () => {
    const lines = [newLine(2), newLine(2), newLine(2)]
    await store.accept(lines.flat())
    const messages = await claimed(store)
    expect(idsOf(messages)).toEqual(lines.map(([first]) => first?.id))
    await finish(store, messages.slice(1, 2))
    expect((await claimedOne(store)).id).toBe(lines[1]?.[1]?.id)
  })

  test('keeps its order if many callers write at once', async () => {
    const line = newLine(30)
    await Promise.all(line.map((message) => store.accept([message])))
    const { messages } = await store.list({ caller: 'orders', state: 'queued', limit: 30 })
    const delivered = await deliverAll()
    expect([...delivered].sort()).toEqual(idsOf(line).sort())
    expect(delivered).toEqual(idsOf(messages).reverse())
  })

  test('continues under a previous key while it has messages, then starts under the newest', async () => {
    const before = createKeyring([Buffer.alloc(32, 'old')]).macs('conversation', 'c-1')
    const after = createKeyring([Buffer.alloc(32, 'new'), Buffer.alloc(32, 'old')]).macs('conversation', 'c-1')
    const line = [before, after, after].map((conversations) => newMessage({ conversations }))
    await store.accept(line.slice(0, 1))
    await store.accept(line.slice(1))
    const sending = await claimedOne(store)
    await finish(store, [sending])
    const last = newMessage({ conversations: after })
    await store.accept([last])
    expect(await deliverAll()).toEqual(idsOf([...line.slice(1), last]))
    expect((await acceptedAndClaimed(store, { conversations: after })).conversation).toBe(after[0])
  })

  test('is not delayed by messages outside its order', async () => {
    const say = newConversation()
    const [aside, first, second] = [say({ leasedTo: 'gw-1' }), say(), say()]
    await store.accept([aside, first, second])
    const sending = await claimedOne(store, 'gw-2')
    expect(sending).toMatchObject({ id: first.id, inLine: true })
    expect(await finish(store, [{ id: aside.id, conversation: sending.conversation, inLine: false }])).toEqual([
      aside.id,
    ])
    expect(await claimed(store)).toEqual([])
    expect(await store.find('orders', aside.id)).toMatchObject({ state: 'delivered' })
    await finish(store, [sending], { owner: 'gw-2' })
    expect((await claimedOne(store)).id).toBe(second.id)
  })

  test('does not delay messages outside its order', async () => {
    const say = newConversation()
    const aside = say({ leasedTo: 'gw-1' })
    await store.accept([say()])
    await store.accept([aside])
    expect(await store.find('orders', aside.id)).toMatchObject({ state: 'sending' })
    expect(await store.begin('gw-1', [aside.id])).toEqual([{ id: aside.id, number: 1 }])
  })

  test('is stored completely or not at all', async () => {
    const say = newConversation()
    const [first, second] = [say(), say()]
    await expect(store.accept([first, second, first])).rejects.toThrow(StoreError)
    expect(await store.find('orders', first.id)).toBeUndefined()
    expect(await store.accept([second])).toEqual([{ kind: 'accepted' }])
    expect((await claimedOne(store)).id).toBe(second.id)
    expect(await store.accept([])).toEqual([])
  })

  async function acceptLine(length: number) {
    const line = newLine(length)
    expect(await store.accept(line)).toEqual(line.map(() => ({ kind: 'accepted' })))
    return line
  }
})
