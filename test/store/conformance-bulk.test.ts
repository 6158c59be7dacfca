import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { BulkFilter, BulkFound } from '../../src/store/bulk-store.ts'
import type { FinalState, NewMessage, Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  claimed,
  claimLeftovers,
  finish,
  idsOf,
  MINUTE_MS,
  newAlterableStore,
  newConversation,
  newMessage,
  newStore,
} from '../support/stores.ts'

const DAY_MS = 24 * 60 * MINUTE_MS

describe.each(DATABASES)('on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  /** A filter that matches messages of this test only. */
  const mine = () => ({
    caller: newId('clk'),
    wires: ['v1', 'v2', 'bot'] as const,
    states: ['failed'] satisfies FinalState[],
  })

  async function ended(messages: readonly NewMessage[], state: FinalState = 'failed'): Promise<string[]> {
    for (const message of messages) {
      await store.accept([message])
      await finish(store, await claimed(store), { next: { state } })
    }
    return idsOf(messages)
  }

  async function retryAll({ messages }: BulkFound) {
    const contents = new Map((await store.readContents(idsOf(messages))).map((one) => [one.id, one]))
    const retries = messages.flatMap(({ id, finishedAt }) => {
      const content = contents.get(id)
      return content === undefined ? [] : [{ ...content, finishedAt, conversations: [] }]
    })
    return store.retryMessages(retries, MINUTE_MS)
  }

  test('retryable messages are found in order of acceptance, up to the limit, and the rest is counted', async () => {
    const filter = mine()
    const ids = await ended(Array.from({ length: 5 }, () => newMessage({ caller: filter.caller })))
    const found = await store.findRetryable(filter, 3)
    expect(idsOf(found.messages)).toEqual(ids.slice(0, 3))
    expect(found).toMatchObject({ left: 2, wiped: 0 })
  })

  test('only messages in the named states, of the named caller, and never a notice are retryable', async () => {
    const filter = mine()
    const of = (more: Partial<NewMessage> = {}) => newMessage({ caller: filter.caller, ...more })
    const [failed] = await ended([of()])
    await ended([of()], 'rejected')
    await ended([of()], 'delivered')
    await ended([newMessage()])
    const notice = of({ wire: 'webhook' })
    await store.accept([notice])
    await finish(store, await claimed(store, 'gw-1', 10, 'webhook'), { next: { state: 'failed' } })
    expect(idsOf((await store.findRetryable(filter, 10)).messages)).toEqual([failed])
  })

  test('a synchronous send is not retryable, since its caller has its answer', async () => {
    const filter = mine()
    const message = newMessage({ caller: filter.caller, leasedTo: 'gw-1' })
    await store.accept([message])
    const { id, conversations } = message
    await finish(store, [{ id, conversation: conversations[0], inLine: false }], { next: { state: 'failed' } })
    expect(await store.findRetryable(filter, 10)).toMatchObject({ messages: [], left: 0, wiped: 0 })
  })

  test('the time of a retry is that of the end, both ends included', async () => {
    const filter = mine()
    const [id = ''] = await ended([newMessage({ caller: filter.caller })])
    const at = (await store.find(filter.caller, id))?.finishedAt ?? 0
    const count = async (more: Partial<BulkFilter>) =>
      (await store.findRetryable({ ...filter, ...more }, 10)).messages.length
    expect(await count({ since: at, until: at })).toBe(1)
    expect(await count({ since: at + 1 })).toBe(0)
    expect(await count({ until: at - 1 })).toBe(0)
  })

  test('a message that fails again after `until` is not found again', async () => {
    const filter = mine()
    const say = newConversation()
    const ids = await ended([say({ caller: filter.caller }), say({ caller: filter.caller })])
    const first = await store.findRetryable(filter, 1)
    expect(await retryAll(first)).toEqual(['changed'])
    await finish(store, await claimed(store), { next: { state: 'failed' } })
    const second = await store.findRetryable({ ...filter, until: first.until }, 10)
    expect(idsOf(second.messages)).toEqual(ids.slice(1))
  })

  test('messages of one conversation are queued again in their order, behind those that wait', async () => {
    const filter = mine()
    const say = newConversation()
    const ids = await ended(Array.from({ length: 3 }, () => say({ caller: filter.caller })))
    const newer = say({ caller: filter.caller })
    await store.accept([newer])
    expect(await retryAll(await store.findRetryable(filter, 10))).toEqual(['changed', 'changed', 'changed'])
    const order: string[] = []
    for (let left = 4; left > 0; left -= 1) {
      const due = await claimed(store)
      order.push(...idsOf(due))
      await finish(store, due)
    }
    expect(order).toEqual([newer.id, ...ids])
  })

  test('two bulk retries that found the same messages queue each once', async () => {
    const filter = mine()
    await ended(Array.from({ length: 3 }, () => newMessage({ caller: filter.caller })))
    const found = await store.findRetryable(filter, 10)
    const [one, other] = [await retryAll(found), await retryAll(found)]
    expect(one).toEqual(['changed', 'changed', 'changed'])
    expect(other).toEqual(['wrong_state', 'wrong_state', 'wrong_state'])
  })

  test('a message that has ended again since it was found is left alone', async () => {
    const filter = mine()
    const [id = ''] = await ended([newMessage({ caller: filter.caller })])
    const found = await store.findRetryable(filter, 10)
    await store.retry(filter.caller, id, MINUTE_MS)
    await finish(store, await claimed(store), { next: { state: 'rejected' } })
    const later = { ...found, messages: found.messages.map((one) => ({ ...one, finishedAt: 1 })) }
    expect(await retryAll(later)).toEqual(['wrong_state'])
    expect(await store.find(filter.caller, id)).toMatchObject({ state: 'rejected' })
  })

  test('queued messages are cancelled in order of acceptance, and those that are being sent are not', async () => {
    const filter = mine()
    const say = newConversation()
    const [first, ...others] = [say(), say(), say()].map((one) => ({ ...one, caller: filter.caller }))
    await store.accept([first, ...others].filter((one) => one !== undefined))
    const all = await store.findCancellable(filter, 10)
    expect(idsOf(all.messages)).toEqual([first?.id, ...idsOf(others)])
    await claimed(store)
    const contents = await store.readContents(idsOf(all.messages))
    const inOrder = all.messages.flatMap(({ id }) => contents.filter((one) => one.id === id))
    const results = await store.cancelMessages(inOrder.map((one) => ({ ...one, notices: undefined })))
    expect(results).toEqual(['wrong_state', 'cancelled', 'cancelled'])
    expect(await store.findCancellable(filter, 10)).toMatchObject({ messages: [], left: 0 })
  })

  test('the time of a cancellation is that of the acceptance', async () => {
    const filter = mine()
    const message = newMessage({ caller: filter.caller })
    await store.accept([message])
    const at = (await store.find(filter.caller, message.id))?.createdAt ?? 0
    expect((await store.findCancellable({ ...filter, since: at, until: at }, 10)).messages).toHaveLength(1)
    expect((await store.findCancellable({ ...filter, until: at - 1 }, 10)).messages).toHaveLength(0)
  })

  test('without a caller, messages of all callers are found', async () => {
    const ids = await ended([newMessage({ caller: newId('clk') }), newMessage({ caller: newId('clk') })])
    const found = await store.findRetryable({ wires: ['v2'], states: ['failed'] }, 1000)
    expect(idsOf(found.messages)).toEqual(expect.arrayContaining(ids))
  })

  test('messages whose content is wiped are counted, and not found', async () => {
    const { store: opened, alter } = await newAlterableStore(kind)
    const message = newMessage()
    await opened().accept([message])
    await finish(opened(), await claimed(opened()), { next: { state: 'failed' } })
    await alter(`update message set body = null, body_key = null, wipe_at = null`)
    const found = await opened().findRetryable({ wires: ['v2'], states: ['failed'] }, 10)
    expect(found).toMatchObject({ messages: [], left: 0, wiped: 1 })
    expect(
      await opened().findRetryable({ wires: ['v2'], states: ['failed'], since: Date.now() + DAY_MS }, 10),
    ).toMatchObject({ wiped: 0 })
  })

  test('a list of all callers is newest first, leaves events and notices out, and has every page', async () => {
    const { store: opened } = await newAlterableStore(kind)
    const messages = Array.from({ length: 7 }, (_, at) => newMessage({ caller: `caller-${at % 3}` }))
    const event = newMessage({ caller: '@events', wire: 'event' })
    for (const one of [...messages, newMessage({ wire: 'webhook' }), event]) await opened().accept([one])
    const listed: string[] = []
    let cursor: number | undefined
    do {
      const page = await opened().list({ limit: 2, cursor })
      listed.push(...idsOf(page.messages))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(listed).toEqual(idsOf(messages).reverse())
    expect(idsOf((await opened().list({ limit: 9, wire: 'event' })).messages)).toEqual([event.id])
  })

  test('a list between two times has what was accepted then', async () => {
    const caller = newId('clk')
    const messages = [newMessage({ caller }), newMessage({ caller, wire: 'v1' })]
    await store.accept(messages)
    const at = (await store.find(caller, messages[0]?.id ?? ''))?.createdAt ?? 0
    const list = async (filter: object) => idsOf((await store.list({ caller, limit: 9, ...filter })).messages)
    expect(await list({ since: at, until: at })).toEqual(idsOf(messages).reverse())
    expect(await list({ since: at + 1 })).toEqual([])
    expect(await list({ until: at - 1 })).toEqual([])
    expect(await list({ wire: 'v1' })).toEqual([messages[1]?.id])
  })

  test('a list by the end has what ended between two times, and what has not ended by its acceptance', async () => {
    const { store: opened, alter } = await newAlterableStore(kind)
    const [old, open] = [newMessage(), newMessage()]
    await opened().accept([old])
    await finish(opened(), await claimed(opened()), { next: { state: 'failed' } })
    await opened().accept([open])
    await alter(`update message set created_at = created_at - ${DAY_MS}`)
    const since = Date.now() - DAY_MS / 2
    const list = async (filter: object) => idsOf((await opened().list({ limit: 9, ...filter })).messages)
    expect(await list({ since, isByEnd: true })).toEqual([old.id])
    expect(await list({ until: since, isByEnd: true })).toEqual([open.id])
    expect(await list({ since })).toEqual([])
  })
})
