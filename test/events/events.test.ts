import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { DATABASES, withStore } from '../support/databases.ts'
import {
  messageIdOf,
  newMessageEvent,
  sendEvent,
  startEventReceiver,
  statuses,
  type EventReceiver,
} from '../support/events.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import {
  answer,
  chatMessage,
  FAST_RETRIES,
  listMessages,
  queue,
  startOn,
  startStored,
  until,
} from '../support/outbox.ts'
import { alter, rowsOf } from '../support/stores.ts'

const refusal = z.strictObject({ status: z.string(), message: z.string() })

describe.each(DATABASES)('POST /divar/events on %s', (kind) => {
  let receiver: EventReceiver
  let gateway: TestGateway
  beforeAll(async () => {
    receiver = await startEventReceiver()
    gateway = await startTestGateway(await withStore(kind, { ...FAST_RETRIES, ...receiver.environment }))
  })

  test('answers 200 {} and passes the event on, signed, with its id as webhook-id', async () => {
    const before = receiver.events.length
    const response = await sendEvent(gateway, { ...newMessageEvent('c-0', 'm-0'), metadata: { a: 1 }, odd: 'x' })
    expect([response.status, response.text]).toEqual([200, '{}'])
    const passed = (await receiver.received(before + 1))[before]
    expect(passed?.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(passed?.event).toEqual({
      id: passed?.webhookId,
      type: 'NEW_MESSAGE',
      received_at: expect.stringMatching(/^\d{4}-.*Z$/),
      conversation: { id: 'c-0', type: 'POST', post_token: 'AZf3Uqr3' },
      sender: { side: 'BUYER', type: 'HUMAN' },
      message: { id: 'm-0', type: 'TEXT', sent_at: '2026-11-29T16:01:54.123456Z', text: 'text of m-0' },
      metadata: { a: 1 },
      extra: { odd: 'x' },
    })
    expect(passed?.webhookId).toMatch(/^dve_[\w-]{24}$/)
    await gateway.loggedWhen((all) =>
      all.some((line) => line['event'] === 'event.delivered' && line['event_id'] === passed?.webhookId),
    )
    expect(await gateway.logged('event.stored')).toMatchObject({ level: 'info', event_type: 'NEW_MESSAGE' })
  })

  test('passes an event that came twice on once', async () => {
    const before = receiver.events.length
    const twice = newMessageEvent('c-twice', 'm-1')
    const answers = await Promise.all([1, 2, 3].map(() => sendEvent(gateway, twice)))
    answers.push(await sendEvent(gateway, twice), await sendEvent(gateway, newMessageEvent('c-twice', 'm-2')))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const passed = (await receiver.received(before + 2)).slice(before)
    expect(passed.map(({ event }) => event['message'])).toMatchObject([{ id: 'm-1' }, { id: 'm-2' }])
    const seen = gateway.lines().filter((line) => line['event'] === 'event.seen')
    expect(seen).toHaveLength(3)
    // An id in the log is one that GET /messages/:id knows.
    expect(seen.filter((line) => 'event_id' in line)).toEqual([])
  })

  test('never takes an event without a message id for seen', async () => {
    const before = receiver.events.length
    const update = { type: 'POST_UPDATE', post_update: { type: 'ARCHIVE', post: { token: 't' } } }
    for (const body of [update, update]) expect((await sendEvent(gateway, body)).status).toBe(200)
    const passed = (await receiver.received(before + 2)).slice(before)
    expect(new Set(passed.map(({ webhookId }) => webhookId)).size).toBe(2)
  })

  test('recognizes an event after the encryption key was rotated', async () => {
    const own = await startEventReceiver()
    const store = await withStore(kind, own.environment)
    const first = await startOn(store)
    expect((await sendEvent(first, newMessageEvent('c-1', 'm-1'))).status).toBe(200)
    await own.received(1)
    await first.stop()
    const keys = `${Buffer.alloc(32, 9).toString('base64')},${String(store['TOKEN_ENCRYPTION_KEY'])}`
    const second = await startOn(store, { TOKEN_ENCRYPTION_KEY: keys })
    expect((await sendEvent(second, newMessageEvent('c-1', 'm-1'))).status).toBe(200)
    await second.logged('event.seen')
    expect(own.events).toHaveLength(1)
  })

  test('keeps the order of each conversation while the receiver fails a quarter of the calls', async () => {
    let calls = 0
    const shaky = await startEventReceiver(() => ((calls += 1) % 4 === 0 ? 503 : 204))
    const own = await startStored(kind, { ...FAST_RETRIES, ...shaky.environment })
    const chats = ['a', 'b', 'c', 'd', 'e']
    for (let number = 0; number < 12; number += 1) {
      await Promise.all(chats.map((chat) => sendEvent(own, newMessageEvent(chat, `${chat}-${number}`)).expect(200)))
    }
    const passed = await shaky.received(60)
    expect(shaky.asked.some(({ status }) => status === 503)).toBe(true)
    for (const chat of chats) {
      const ids = passed.flatMap(({ event }) => (messageIdOf(event).startsWith(chat) ? [messageIdOf(event)] : []))
      expect(ids).toEqual(Array.from({ length: 12 }, (_, number) => `${chat}-${number}`))
    }
  })

  test('repeats an event under one webhook-id until it is accepted', async () => {
    const late = await startEventReceiver(statuses(500, 408, 409, 425, 429, 302))
    const own = await startStored(kind, { ...FAST_RETRIES, ...late.environment })
    await sendEvent(own, newMessageEvent('c-1', 'm-1')).expect(200)
    const [passed] = await late.received(1)
    expect(late.asked.map(({ status }) => status)).toEqual([500, 408, 409, 425, 429, 302, 204])
    expect(new Set(late.asked.map(({ webhookId }) => webhookId))).toEqual(new Set([passed?.webhookId]))
  })

  test('ends an event that the receiver refuses with another 4xx, and passes the next on', async () => {
    const strict = await startEventReceiver(statuses(422))
    const own = await startStored(kind, { ...FAST_RETRIES, ...strict.environment })
    await sendEvent(own, newMessageEvent('c-1', 'm-1')).expect(200)
    await sendEvent(own, newMessageEvent('c-1', 'm-2')).expect(200)
    expect((await strict.received(1)).map(({ event }) => messageIdOf(event))).toEqual(['m-2'])
    expect(await own.logged('event.rejected')).toMatchObject({ level: 'error', state: 'rejected', divar_status: 422 })
  })

  test("is not held up by a rate limit of Divar's, nor does it hold up messages to Divar", async () => {
    const late = await startEventReceiver(statuses(429))
    const own = await startStored(kind, { ...FAST_RETRIES, ...late.environment })
    own.divar.misbehave(answer(429, '{}', { 'retry-after': '3600' }))
    await queue(own, chatMessage('c-1', 'x'))
    await own.logged('message.rate_limited')
    await sendEvent(own, newMessageEvent('c-2', 'm-1')).expect(200)
    await late.received(1)
    const free = await startStored(kind, {
      ...FAST_RETRIES,
      ...(await startEventReceiver(statuses(429, 429))).environment,
    })
    await sendEvent(free, newMessageEvent('c-2', 'm-1')).expect(200)
    await free.logged('event.delivered')
    await until(free, await queue(free, chatMessage('c-1', 'x')), 'delivered')
  })

  test('passes events on after a restart, and keeps no text once they are delivered', async () => {
    const late = await startEventReceiver()
    const store = await withStore(kind, late.environment)
    const first = await startOn(store, { EVENTS_URL: 'http://127.0.0.1:9' })
    await sendEvent(first, newMessageEvent('c-1', 'm-1')).expect(200)
    await first.logged('event.not_sent')
    await first.stop()
    await alter(String(store['DATABASE_URL']), 'update message set due_at = 0')
    const second = await startOn(store)
    await late.received(1)
    await second.logged('event.delivered')
    await second.stop()
    const rows = await rowsOf(String(store['DATABASE_URL']), 'select * from message')
    expect(rows).toMatchObject([{ wire: 'event', caller: '@events', state: 'delivered', body: null }])
  })

  test('answers 503 with Retry-After once EVENTS_QUEUE_LIMIT events wait, but 200 to one that it has', async () => {
    const down = await startEventReceiver(() => 503)
    const own = await startStored(kind, { ...down.environment, EVENTS_QUEUE_LIMIT: '2' })
    for (const id of ['m-1', 'm-2']) await sendEvent(own, newMessageEvent('c-1', id)).expect(200)
    const full = await sendEvent(own, newMessageEvent('c-1', 'm-3'))
    expect([full.status, refusal.parse(JSON.parse(full.text)).status]).toEqual([503, '503'])
    expect(full.headers['retry-after']).toBe('30')
    expect(await own.logged('event.refused')).toMatchObject({ level: 'error', code: 'events_queue_full' })
    await sendEvent(own, newMessageEvent('c-1', 'm-1')).expect(200)
    const metrics = await supertest(own.internalUrl).get('/metrics').set('x-api-key', KEYS.caller)
    expect(metrics.text).toContain('kenar_events_total{type="NEW_MESSAGE",outcome="events_queue_full"} 1')
  })

  test('takes a type that EVENTS_TYPES leaves out with 200 and does not store it', async () => {
    const some = await startEventReceiver()
    const own = await startStored(kind, { ...some.environment, EVENTS_TYPES: 'new_message, Odd.Type' })
    await sendEvent(own, { type: 'POST_UPDATE' }).expect(200)
    await own.logged('event.filtered')
    const { text } = await supertest(own.internalUrl).get('/metrics').set('x-api-key', KEYS.caller)
    expect(text).toContain('kenar_events_total{type="POST_UPDATE",outcome="filtered"} 1\n')
    await sendEvent(own, { type: 'Odd.Type' }).expect(200)
    await sendEvent(own, newMessageEvent('c-1', 'm-1')).expect(200)
    const passed = await some.received(2)
    expect(passed.map(({ event }) => event['type']).toSorted()).toEqual(['NEW_MESSAGE', 'Odd.Type'])
  })

  test('is not among the messages of any caller', async () => {
    await sendEvent(gateway, newMessageEvent('c-9', 'm-9')).expect(200)
    expect((await listMessages(gateway)).messages).toEqual([])
  })
})

describe('POST /divar/events is refused', () => {
  test.each([
    ['without the key', 401, '{}', { authorization: 'wrong' }],
    ['with another content type', 415, '{}', { 'content-type': 'text/plain' }],
    ['over 100 KiB', 413, JSON.stringify({ type: 'x'.repeat(102_400) }), {}],
    ['when it is no JSON', 400, '{', {}],
    ['when it is no object', 400, '[]', {}],
    ['without a type', 400, '{"new_message":{}}', {}],
    ['with a NUL', 400, '{"type":"\\u0000"}', {}],
  ])('%s', async (_, status, body, headers) => {
    const receiver = await startEventReceiver()
    const gateway = await startStored('sqlite', receiver.environment)
    const response = await sendEvent(gateway, body, headers)
    expect([response.status, refusal.parse(JSON.parse(response.text)).status]).toEqual([status, String(status)])
    expect(await gateway.logged('event.refused')).toMatchObject({ level: 'info' })
    expect(receiver.asked).toEqual([])
  })

  test('by another method', async () => {
    const gateway = await startTestGateway()
    const response = await supertest(gateway.url).get('/divar/events').set('authorization', KEYS.identification)
    expect([response.status, response.headers['allow']]).toEqual([405, 'POST'])
    expect(refusal.parse(JSON.parse(response.text)).status).toBe('405')
  })

  test('without a store, and without EVENTS_URL', async () => {
    const bare = await startTestGateway()
    const stored = await startStored('sqlite')
    for (const gateway of [bare, stored]) {
      const response = await sendEvent(gateway, newMessageEvent('c-1', 'm-1'))
      expect([response.status, refusal.parse(JSON.parse(response.text)).status]).toEqual([501, '501'])
    }
    expect(
      (await sendEvent(stored, { type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: 'u' } })).status,
    ).toBe(501)
  })
})
