import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import {
  answer,
  eventually,
  ONE_TRY,
  post,
  queue,
  chatMessage,
  getMessage,
  startStored,
  retryOrCancel,
  textsReceivedBy,
  hasAttempts,
  until,
} from '../support/outbox.ts'

const LATER = answer(503, '{}', { 'retry-after': '30' })
const TOO_LATE = answer(503, '{}', { 'retry-after': '86400' })

describe.each(DATABASES)('on %s', (kind) => {
  let gateway: TestGateway
  let conversations = 0
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind, ONE_TRY))
  })
  const newConversation = () => `c-${(conversations += 1)}`
  const meet = (body: object, misbehaviour?: Misbehaviour) => {
    if (misbehaviour) gateway.divar.misbehave(misbehaviour)
    return queue(gateway, body)
  }
  /** A message that waits for its second attempt; others may wait behind it. */
  const hold = async (conversation: string) => {
    const id = await meet(chatMessage(conversation, 'held'), LATER)
    await until(gateway, id, 'queued', hasAttempts(1))
    return id
  }

  describe('POST /messages/:id/retry', () => {
    test.each([
      ['rejected', answer(412)],
      ['failed', TOO_LATE],
      ['unknown', { kind: 'reset' } as const],
    ] as const)('sends a message again that was %s', async (state, misbehaviour) => {
      const text = `once ${state}`
      const id = await meet(chatMessage(newConversation(), text), misbehaviour)
      await until(gateway, id, state)
      const response = await retryOrCancel(gateway, id, 'retry')
      expect(response.status).toBe(202)
      expect(response.headers['location']).toBe(`/messages/${id}`)
      expect(JSON.parse(response.text)).toEqual({ id, state: 'queued' })
      const { attempts } = await until(gateway, id, 'delivered')
      expect(attempts.map(({ number }) => number)).toEqual([1, 2])
      expect(textsReceivedBy(gateway.divar).filter((one) => one === text)).toHaveLength(2)
    })

    test('sends a message with an idempotency key, and the key keeps its answer', async () => {
      const key = { 'idempotency-key': 'k-1' }
      const body = chatMessage(newConversation(), 'keyed')
      gateway.divar.misbehave(answer(412))
      const first = await post(gateway, body, key)
      const { id } = problemOf(first)
      expect((await retryOrCancel(gateway, String(id), 'retry')).status).toBe(202)
      await until(gateway, String(id), 'delivered')
      expect((await post(gateway, body, key)).text).toBe(first.text)
    })

    test('sends at once a message that waits for its next attempt', async () => {
      const id = await hold(newConversation())
      expect((await retryOrCancel(gateway, id, 'retry')).status).toBe(202)
      expect((await until(gateway, id, 'delivered')).attempts).toHaveLength(2)
    })

    test('puts a message behind those queued in its conversation since', async () => {
      const conversation = newConversation()
      const id = await meet(chatMessage(conversation, 'again'), answer(412))
      await until(gateway, id, 'rejected')
      const held = await hold(conversation)
      expect((await retryOrCancel(gateway, id, 'retry')).status).toBe(202)
      expect(await getMessage(gateway, id)).toMatchObject({ state: 'queued', next_attempt_at: null, finished_at: null })
      const start = gateway.divar.received.length
      expect((await retryOrCancel(gateway, held, 'retry')).status).toBe(202)
      await until(gateway, id, 'delivered')
      expect(textsReceivedBy(gateway.divar).slice(start)).toEqual(['held', 'again'])
    })

    test('gets 409 wrong_state and the reason for a message that waits for another, is being sent, or is delivered', async () => {
      const conversation = newConversation()
      await hold(conversation)
      const waits = await queue(gateway, chatMessage(conversation, 'waits'))
      gateway.divar.misbehave({ kind: 'answer', status: 200, body: '{"status":200}', delayMs: 3000 })
      const sending = await queue(gateway, chatMessage(newConversation(), 'sending'))
      await until(gateway, sending, 'sending', ({ attempts }) => attempts.length === 1)
      await expectWrongState(sending, 'retry', 'sending', 'This message is just being sent.')
      await expectWrongState(sending, 'cancel', 'sending', 'This message is just being sent.')
      await until(gateway, sending, 'delivered')
      await expectWrongState(sending, 'retry', 'delivered', 'This message is delivered already.')
      const detail = 'This message waits for the message before it in its conversation.'
      await expectWrongState(waits, 'retry', 'queued', detail)
      expect((await getMessage(gateway, waits)).attempts).toEqual([])
    })

    test('gets 409 content_wiped for a cancelled message', async () => {
      const id = await hold(newConversation())
      expect((await retryOrCancel(gateway, id, 'cancel')).status).toBe(200)
      const problem = problemOf(await retryOrCancel(gateway, id, 'retry'))
      expect(problem).toMatchObject({ status: 409, code: 'content_wiped' })
      expect(await getMessage(gateway, id)).toMatchObject({ state: 'cancelled' })
    })
  })

  describe('POST /messages/:id/cancel', () => {
    test('ends and wipes a message that waits behind another; the next one is delivered', async () => {
      const conversation = newConversation()
      const held = await hold(conversation)
      const id = await queue(gateway, chatMessage(conversation, 'cancelled'))
      const next = await queue(gateway, chatMessage(conversation, 'next'))
      const response = await retryOrCancel(gateway, id, 'cancel')
      expect(response.status).toBe(200)
      expect(JSON.parse(response.text)).toEqual({ id, state: 'cancelled' })
      const shown = await getMessage(gateway, id)
      expect(shown).toMatchObject({ state: 'cancelled', wiped: true, next_attempt_at: null, attempts: [] })
      expect(shown.finished_at).not.toBeNull()
      expect(await getMessage(gateway, next)).toMatchObject({ state: 'queued', next_attempt_at: null })
      // The one at the head of the line, too.
      expect((await retryOrCancel(gateway, held, 'cancel')).status).toBe(200)
      await until(gateway, next, 'delivered')
      expect(textsReceivedBy(gateway.divar)).not.toContain('cancelled')
    })

    test.each([
      ['delivered', undefined, 'This message is delivered already.'],
      ['rejected', answer(412), 'This message has ended already.'],
      ['failed', TOO_LATE, 'This message has ended already.'],
      ['unknown', { kind: 'reset' } as const, 'This message has ended already.'],
    ] as const)('gets 409 wrong_state for a message that is %s', async (state, misbehaviour, detail) => {
      const id = await meet(chatMessage(newConversation(), 'ended'), misbehaviour)
      await until(gateway, id, state)
      await expectWrongState(id, 'cancel', state, detail)
    })

    test('gets 409 wrong_state for a message that is cancelled', async () => {
      const id = await hold(newConversation())
      expect((await retryOrCancel(gateway, id, 'cancel')).status).toBe(200)
      await expectWrongState(id, 'cancel', 'cancelled', 'This message is cancelled already.')
    })
  })

  async function expectWrongState(id: string, what: 'retry' | 'cancel', state: string, detail: string) {
    expect(problemOf(await retryOrCancel(gateway, id, what))).toMatchObject({
      status: 409,
      code: 'wrong_state',
      state,
      detail,
    })
  }
})

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('on %s, as time passes', (kind) => {
  test('content is wiped a day after the final state, and the message cannot be retried any more', async () => {
    const store = await withStore(kind, { DELETE_AFTER_START_MS: '0' })
    const url = store['DATABASE_URL'] ?? ''
    const first = await startStored(kind, store)
    first.divar.misbehave(answer(412))
    const id = await queue(first, chatMessage('c-1', 'old'))
    await until(first, id, 'rejected')
    const [row] = await query(url, 'select wipe_at - finished_at as ms from message')
    expect(Number(row?.['ms'])).toBe(24 * 60 * 60 * 1000)
    await query(url, 'update message set wipe_at = 0')
    // The house is kept at every start.
    const second = await startStored(kind, store)
    await eventually(async () => ((await getMessage(second, id)).wiped ? true : undefined), 'wiped')
    expect(problemOf(await retryOrCancel(second, id, 'retry'))).toMatchObject({ status: 409, code: 'content_wiped' })
    expect(await query(url, 'select body, body_key from message')).toEqual([{ body: null, body_key: null }])
  })

  test('messages are deleted RETENTION_DAYS after their final state', async () => {
    const store = await withStore(kind, { RETENTION_DAYS: '1', DELETE_AFTER_START_MS: '0' })
    const first = await startStored(kind, store)
    const id = await queue(first, chatMessage('c-1', 'old'))
    await until(first, id, 'delivered')
    await query(store['DATABASE_URL'] ?? '', 'update message set finished_at = finished_at - 86400000')
    await startStored(kind, store)
    await eventually(
      async () =>
        (await query(store['DATABASE_URL'] ?? '', 'select id from message')).length === 0 ? true : undefined,
      'deleted',
    )
    expect(problemOf(await retryOrCancel(first, id, 'retry'))).toMatchObject({ status: 404 })
  })
})
