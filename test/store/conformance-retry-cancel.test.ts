import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { FINAL_STATES, type FinalState, type MessageState, type Store, type Waits } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  ALL,
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

const CHANGED = { kind: 'changed', state: 'queued' }
const CANCELLED = { kind: 'changed', state: 'cancelled' }
const LATER = { state: 'queued', inMs: MINUTE_MS, unsure: false } as const

type Standing = Exclude<MessageState, 'queued'> | 'due' | 'due later' | 'waiting for another'

type Why = { wiped?: boolean; waits?: Waits }

function refused(state: MessageState, { wiped = false, waits = false }: Why = {}) {
  return { kind: 'wrong_state', state, wiped, waits }
}

describe.each(DATABASES)('on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  /** The id of a message in this state. */
  async function standing(how: Standing): Promise<string> {
    const say = newConversation()
    const message = say()
    if (how === 'waiting for another') await store.accept([say()])
    await store.accept([message])
    if (how === 'due' || how === 'waiting for another') return message.id
    if (how === 'cancelled') await store.cancel('orders', message.id)
    else await send(how === 'due later' ? LATER : how === 'sending' ? undefined : { state: how })
    return message.id
  }

  /** Ends the attempt at the one message that is due. */
  async function send(
    next: { state: FinalState } | { state: 'queued'; inMs: number; unsure: boolean } | undefined,
  ): Promise<void> {
    const message = await claimedOne(store)
    await store.begin('gw-1', [message.id])
    if (next) await finish(store, [message], { attempt: { number: 1, outcome: 'x' }, next })
  }

  test.each([
    ['due', CHANGED],
    ['due later', CHANGED],
    ['waiting for another', refused('queued', { waits: 'line' })],
    ['sending', refused('sending')],
    ['delivered', refused('delivered', { wiped: true })],
    ['rejected', CHANGED],
    ['failed', CHANGED],
    ['unknown', CHANGED],
    ['cancelled', refused('cancelled', { wiped: true })],
  ] as const)('a retry of a message that is %s has the documented result', async (how, answer) => {
    const id = await standing(how)
    const before = await store.find('orders', id)
    expect(await store.retry('orders', id, MINUTE_MS)).toEqual(answer)
    const after = await store.find('orders', id)
    if (answer === CHANGED) {
      expect(after).toMatchObject({ state: 'queued', finishedAt: null, attempts: before?.attempts })
      expect((await claimedOne(store)).id).toBe(id)
    } else expect(after).toEqual(before)
  })

  test.each([
    ['due', CANCELLED],
    ['due later', CANCELLED],
    ['waiting for another', CANCELLED],
    ['sending', refused('sending')],
    ['delivered', refused('delivered', { wiped: true })],
    ['rejected', refused('rejected')],
    ['failed', refused('failed')],
    ['unknown', refused('unknown')],
    ['cancelled', refused('cancelled', { wiped: true })],
  ] as const)('a cancel of a message that is %s has the documented result', async (how, answer) => {
    const id = await standing(how)
    const before = await store.find('orders', id)
    const notice = newMessage({ wire: 'webhook' })
    expect(await store.cancel('orders', id, { cancelled: notice, unknown: newMessage({ wire: 'webhook' }) })).toEqual(
      answer,
    )
    const after = await store.find('orders', id)
    if (answer === CANCELLED) {
      expect(after).toMatchObject({
        state: 'cancelled',
        wiped: true,
        nextAttemptAt: null,
        finishedAt: expect.any(Number),
      })
    } else expect(after).toEqual(before)
    expect(idsOf(await claimed(store))).not.toContain(id)
    expect(idsOf(await claimed(store, 'gw-1', 1, 'webhook'))).toEqual(answer === CANCELLED ? [notice.id] : [])
  })

  describe('a retry', () => {
    test('sends the message unchanged, after the others of its conversation', async () => {
      const line = newLine(3)
      await store.accept(line)
      await send({ state: 'failed' })
      const [first, second, third] = idsOf(line)
      expect(await store.retry('orders', first ?? '', MINUTE_MS)).toEqual(CHANGED)
      const order: string[] = []
      for (const _ of line) {
        const message = await claimedOne(store)
        order.push(message.id)
        if (message.id === first) expect(textOf(message.body)).toBe(`body of ${message.id}`)
        await finish(store, [message])
      }
      expect(order).toEqual([second, third, first])
    })

    test('holds back later messages of its conversation', async () => {
      const say = newConversation()
      const [first, second] = [say(), say()]
      await store.accept([first])
      await send({ state: 'failed' })
      await store.retry('orders', first.id, MINUTE_MS)
      await store.accept([second])
      expect((await claimedOne(store)).id).toBe(first.id)
    })

    test('gives the message its full time again', async () => {
      const message = newMessage({ tryForMs: 0 })
      await store.accept([message])
      await send({ state: 'failed' })
      await store.retry('orders', message.id, MINUTE_MS)
      expect((await claimedOne(store)).tryForMs).toBeGreaterThan(MINUTE_MS / 2)
    })

    test('puts a message without order into the order of its conversation', async () => {
      const say = newConversation()
      const [aside, waiting] = [say({ leasedTo: 'gw-1' }), say()]
      await store.accept([aside, waiting])
      await finish(store, [{ id: aside.id, conversation: '', inLine: false }], { next: { state: 'unknown' } })
      await store.retry('orders', aside.id, MINUTE_MS)
      await finish(store, [await claimedOne(store)])
      expect(await claimedOne(store)).toMatchObject({ id: aside.id, inLine: true, unsure: true })
    })
  })

  describe('a cancel', () => {
    test('lets the next message be sent, but not before the current one has finished', async () => {
      const line = newLine(4)
      await store.accept(line)
      const [first, second, third, fourth] = idsOf(line)
      expect(await store.cancel('orders', first ?? '')).toEqual(CANCELLED)
      const sending = await claimedOne(store)
      expect(sending.id).toBe(second)
      expect(await store.cancel('orders', third ?? '')).toEqual(CANCELLED)
      expect(await claimed(store)).toEqual([])
      await finish(store, [sending])
      expect((await claimedOne(store)).id).toBe(fourth)
    })

    test('does not shorten the wait for another attempt', async () => {
      const line = newLine(2)
      await store.accept(line)
      await send(LATER)
      expect(await store.cancel('orders', line[1]?.id ?? '')).toEqual(CANCELLED)
      expect(await claimed(store)).toEqual([])
    })

    test('and a claim never get the same message', async () => {
      // Few enough that on a slow machine, too, each gets one of the 10 connections within 3 s.
      const messages = Array.from({ length: 24 }, () => newMessage())
      await store.accept(messages)
      const [claims, cancels] = await Promise.all([
        Promise.all(Array.from({ length: 8 }, () => claimed(store, 'gw-1', 2))),
        Promise.all(messages.map(({ id }) => store.cancel('orders', id))),
      ])
      const sending = idsOf(claims.flat())
      for (const [index, { id }] of messages.entries()) {
        const isSending = sending.includes(id)
        expect(cancels[index]).toEqual(isSending ? refused('sending') : CANCELLED)
        expect(await store.find('orders', id)).toMatchObject({ state: isSending ? 'sending' : 'cancelled' })
      }
    })
  })

  test('after simultaneous changes in a conversation exactly the next message is sent', async () => {
    const lines = Array.from({ length: 8 }, () => newLine(5))
    await store.accept(lines.flatMap((line) => line.slice(0, 3)))
    const sending = await claimed(store)
    await Promise.all(
      lines.map(([first, second, , fourth, fifth], index) =>
        Promise.all([
          finish(store, sending.slice(index, index + 1), { next: { state: 'failed' } }),
          store.cancel('orders', second?.id ?? ''),
          store.accept([fourth ?? newMessage()]),
          store.retry('orders', first?.id ?? '', MINUTE_MS),
          store.accept([fifth ?? newMessage()]),
        ]),
      ),
    )
    expect(idsOf(await claimed(store))).toEqual(lines.map((line) => line[2]?.id))
  })

  test.each(FINAL_STATES)('a message that is %s is sent again only by a retry', async (state) => {
    const id = await standing(state)
    await store.release('gw-1', [id])
    expect(await store.begin('gw-1', [id])).toEqual([])
    expect(await claimed(store)).toEqual([])
    expect(await store.adopt('gw-1', 100)).not.toContainEqual(expect.objectContaining({ id }))
  })

  test('a cancel ends a message as unknown, with the matching webhook payload, if an earlier attempt may have delivered it', async () => {
    const { id } = newMessage()
    await store.accept([newMessage({ id, atLeastOnce: true })])
    await send({ state: 'queued', inMs: MINUTE_MS, unsure: true })
    const [cancelled, unknown] = [newMessage({ wire: 'webhook' }), newMessage({ wire: 'webhook' })]
    expect(await store.cancel('orders', id, { cancelled, unknown })).toEqual({ kind: 'changed', state: 'unknown' })
    expect(await store.find('orders', id)).toMatchObject({ state: 'unknown', wiped: true })
    expect(idsOf(await claimed(store, 'gw-1', ALL, 'webhook'))).toEqual([unknown.id])
  })
})
