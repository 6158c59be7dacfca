import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { WIRES, type Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  ALL,
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
  textOf,
} from '../support/stores.ts'

describe.each(DATABASES)('a claim on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  test('returns a message as it was stored', async () => {
    const { id } = await acceptedAndClaimed(store, { caller: 'billing', atLeastOnce: true, requestId: 'req_7' })
    await finish(store, [{ id, conversation: '', inLine: false }], {
      next: { state: 'queued', inMs: 0, unsure: false },
    })
    const message = await claimedOne(store)
    expect(message).toEqual({
      id,
      caller: 'billing',
      wire: 'v2',
      conversation: `conversation of ${id}`,
      inLine: true,
      atLeastOnce: true,
      unsure: false,
      attempts: 0,
      tryForMs: expect.any(Number),
      requestId: 'req_7',
      body: { keyId: 'key-1', bytes: expect.anything() },
      isProbe: false,
    })
    expect(textOf(message.body)).toBe(`body of ${id}`)
    expect(message.tryForMs).toBeGreaterThan(MINUTE_MS / 2)
    expect(message.tryForMs).toBeLessThanOrEqual(MINUTE_MS)
  })

  test("says by how much the message's time has been exceeded", async () => {
    expect((await acceptedAndClaimed(store, { tryForMs: -5000 })).tryForMs).toBeLessThanOrEqual(-5000)
  })

  test('is for one wire', async () => {
    const say = newConversation()
    const messages = WIRES.map((wire) => newMessage({ wire }))
    await store.accept([...messages, say({ wire: 'v1' }), say({ wire: 'v2' })])
    for (const { id, wire } of messages) {
      const due = await claimed(store, 'gw-1', 1, wire)
      expect(due).toMatchObject([{ id, wire }])
    }
    await finish(store, [await claimedOne(store, 'gw-1', 'v1')])
    expect(await claimed(store, 'gw-1', ALL, 'v2')).toHaveLength(1)
  })

  test('returns at most its limit, the oldest first', async () => {
    const messages = Array.from({ length: 40 }, () => newMessage())
    await store.accept(messages.slice(0, 25))
    await store.accept(messages.slice(25))
    const handed: string[] = []
    for (const limit of [1, 7, 20]) {
      const due = idsOf(await claimed(store, 'gw-1', limit))
      expect(due).toHaveLength(limit)
      handed.push(...due)
    }
    handed.push(...idsOf(await claimed(store, 'gw-1', 100)))
    expect(handed).toEqual(idsOf(messages))
  })

  test('prefers messages that have been due for longer to older ones', async () => {
    await store.accept([newMessage(), newMessage()])
    const [first, second] = await claimed(store)
    if (first === undefined || second === undefined) throw new Error('both are due')
    await finish(store, [first], { next: { state: 'queued', inMs: -1000, unsure: false } })
    await finish(store, [second], { next: { state: 'queued', inMs: -2000, unsure: false } })
    expect(await claimed(store, 'gw-1', 1)).toMatchObject([{ id: second.id }])
    expect(await claimed(store, 'gw-1', 1)).toMatchObject([{ id: first.id }])
  })

  test('returns messages due at the same time in the order of acceptance', async () => {
    const messages = Array.from({ length: 20 }, () => newMessage())
    await store.accept(messages)
    await store.release('gw-1', idsOf(await claimed(store)))
    const handed: string[] = []
    for (const _ of messages) handed.push(...idsOf(await claimed(store, 'gw-1', 1)))
    expect(handed).toEqual(idsOf(messages))
  })

  // No other test here leaves something on this wire that becomes due later.
  test('says when to ask again', async () => {
    const wire = 'webhook'
    expect(await store.claim('gw-1', wire, 10)).toEqual({ messages: [], nextInMs: undefined })
    await store.accept(newLine(2, { wire }))
    const { messages, nextInMs } = await store.claim('gw-1', wire, 1)
    expect({ messages: messages.length, nextInMs }).toEqual({ messages: 1, nextInMs: 0 })
    expect(await store.claim('gw-1', wire, 1)).toEqual({ messages: [], nextInMs: undefined })
    await finish(store, messages, { next: { state: 'queued', inMs: MINUTE_MS, unsure: false } })
    const later = await store.claim('gw-1', wire, 1)
    expect(later.messages).toEqual([])
    expect(later.nextInMs).toBeGreaterThan(MINUTE_MS / 2)
    expect(later.nextInMs).toBeLessThanOrEqual(MINUTE_MS)
    await store.accept([newMessage({ wire }), newMessage({ wire })])
    expect(await store.claim('gw-1', wire, 1)).toMatchObject({ messages: [{}], nextInMs: 0 })
    const last = await store.claim('gw-1', wire, 2)
    expect(last.messages).toHaveLength(1)
    expect(last.nextInMs).toBeGreaterThan(MINUTE_MS / 2)
  })

  test('never returns a message that another has claimed', async () => {
    const messages = Array.from({ length: 200 }, () => newMessage())
    await store.accept(messages)
    const owners = ['gw-1', 'gw-2', 'gw-3', 'gw-4']
    const handed = await Promise.all(
      owners.map(async (owner) => {
        const mine: string[] = []
        for (;;) {
          const due = await claimed(store, owner, 9)
          if (due.length === 0) return mine
          mine.push(...idsOf(due))
        }
      }),
    )
    expect(handed.flat().sort()).toEqual(idsOf(messages).sort())
  })

  test('keeps the order of each conversation for any number of gateways', async () => {
    const lines = Array.from({ length: 10 }, () => newLine(10))
    await store.accept(lines.flat())
    const sent: string[] = []
    const carry = async (owner: string) => {
      while (sent.length < 100) {
        const due = await claimed(store, owner, 3)
        sent.push(...idsOf(due))
        await store.begin(owner, idsOf(due))
        await finish(store, due, { owner })
      }
    }
    await Promise.all(['gw-1', 'gw-2', 'gw-3', 'gw-4'].map(carry))
    for (const line of lines.map(idsOf)) expect(sent.filter((id) => line.includes(id))).toEqual(line)
  })
})
