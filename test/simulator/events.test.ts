import { describe, expect, test } from '@jest/globals'
import { EVENT_TYPES, MESSAGE_TYPES } from '../../src/simulator/shown.ts'
import { KEYS } from '../support/gateway.ts'
import { startRecordingApp } from '../support/recording-app.ts'

const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

describe('an event of the simulator', () => {
  test.each(EVENT_TYPES)(
    '%s reaches the events URL with the identification key, and is in the timeline',
    async (type) => {
      const app = await startRecordingApp(() => ({ status: 204 }))
      const { status, body } = await app.control('events', { type, side: 'seller' })
      expect([status, body]).toEqual([200, [{ entry_id: 1, outcome: 'ok', status: 204 }]])
      expect(app.calls[0]).toMatchObject({
        path: '/divar/events',
        headers: { authorization: KEYS.identification, 'content-type': 'application/json' },
        body: { type },
      })
      expect(app.simulator.conversation.snapshot().timeline).toMatchObject([
        { kind: 'event', side: 'seller', outcome: 'ok', response: { status: 204 } },
      ])
    },
  )

  test('about a new message is of the published shape', async () => {
    const app = await startRecordingApp()
    await app.control('events', { type: 'NEW_MESSAGE', side: 'seller', text: 'هست؟', metadata: { shop: 7 } })
    expect(app.calls[0]?.body).toEqual({
      type: 'NEW_MESSAGE',
      metadata: { shop: 7 },
      new_message: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        conversation: { id: app.simulator.world.conversationId, type: 'POST', post_token: 'AZf3Uqr3' },
        sender: { side: 'SELLER', type: 'HUMAN' },
        type: 'TEXT',
        sent_at: expect.stringMatching(MICROSECONDS),
        text: 'هست؟',
      },
    })
  })

  test('about a message to the bot names the conversation with the bot, and no side', async () => {
    const app = await startRecordingApp()
    await app.control('events', { type: 'NEW_CHATBOT_MESSAGE', side: 'buyer' })
    expect(app.calls[0]?.body['new_chatbot_message']).toMatchObject({
      conversation: { id: app.simulator.world.people.buyer.botConversationId, type: 'BOT' },
      sender: { type: 'HUMAN' },
    })
  })

  test.each(MESSAGE_TYPES)('about a %s carries its data', async (messageType) => {
    const app = await startRecordingApp()
    await app.control('events', { type: 'NEW_MESSAGE', message_type: messageType })
    const data = messageType === 'TEXT' ? 'text' : `${messageType.toLowerCase()}_data`
    expect(app.calls[0]?.body['new_message']).toMatchObject({ type: messageType, [data]: expect.anything() })
  })

  test('about a revocation names the user, about a post its token', async () => {
    const app = await startRecordingApp()
    await app.control('events', { type: 'USER_ACCESS_REVOCATION', side: 'seller' })
    await app.control('events', { type: 'POST_UPDATE', update: 'ARCHIVE' })
    expect(app.calls.map(({ body }) => body)).toEqual([
      {
        type: 'USER_ACCESS_REVOCATION',
        user_access_revocation: { user_id: app.simulator.world.people.seller.v2Id },
      },
      { type: 'POST_UPDATE', post_update: { type: 'ARCHIVE', post: { token: 'AZf3Uqr3' } } },
    ])
  })

  test('may have each of the other forms that were seen', async () => {
    const app = await startRecordingApp()
    const send = (type: string, odd: string[], more = {}) => app.control('events', { type, odd, ...more })
    await send('NEW_MESSAGE', ['sent_at_number', 'sender_user', 'size_string'], { message_type: 'IMAGE' })
    await send('NEW_MESSAGE', ['sent_at_string', 'at_type', 'meta_data'], { metadata: { a: 1 } })
    await send('PAYMENT_TRANSACTION', ['payment_transaction'])
    expect(app.calls.map(({ body }) => body)).toMatchObject([
      {
        new_message: {
          sent_at: expect.any(Number),
          sender: { type: 'USER' },
          image_data: { size_bytes: '182044' },
        },
      },
      {
        '@type': expect.any(String),
        meta_data: { a: 1 },
        new_message: { '@type': expect.any(String), sent_at: expect.stringMatching(/^\d{16}$/) },
      },
      { payment_transaction: { id: expect.any(String) } },
    ])
  })

  test('may have any body', async () => {
    const app = await startRecordingApp()
    await app.control('events', { body: { type: 'SOMETHING_NEW', thing: [1] } })
    expect(app.calls[0]?.body).toEqual({ type: 'SOMETHING_NEW', thing: [1] })
  })

  test('that the app refuses or does not get is in the timeline as that', async () => {
    const app = await startRecordingApp(() => ({ status: 501, body: {} }))
    await app.control('events', { type: 'POST_UPDATE' })
    await app.control('settings', { events_url: 'http://127.0.0.1:1/' })
    await app.control('events', { type: 'POST_UPDATE' })
    expect(app.simulator.conversation.snapshot().timeline.map(({ outcome }) => outcome)).toEqual(['refused', 'failed'])
  })

  test.each([{ type: 'NOTHING' }, { type: 'NEW_MESSAGE', odd: ['upside_down'] }, { side: 'buyer' }, { body: [] }])(
    '%j is no event',
    async (wanted) => {
      const app = await startRecordingApp()
      expect((await app.control('events', wanted)).status).toBe(400)
      expect(app.calls).toEqual([])
    },
  )
})

describe('faults of events', () => {
  test('one is sent twice, with the same body', async () => {
    const app = await startRecordingApp()
    await app.control('faults', { fault: 'event_twice' })
    await app.control('events', { type: 'NEW_MESSAGE' })
    await app.control('events', { type: 'POST_UPDATE' })
    const [first, second, third] = app.calls
    expect(second?.body).toEqual(first?.body)
    expect(third?.body).toMatchObject({ type: 'POST_UPDATE' })
  })

  test('one is late, so that the next overtakes it', async () => {
    const app = await startRecordingApp()
    await app.control('faults', { fault: 'event_late' })
    const late = app.control('events', { type: 'NEW_MESSAGE' })
    while (app.simulator.conversation.faults.list().length > 0) await app.control('faults', undefined, 'GET')
    await app.control('events', { type: 'POST_UPDATE' })
    await late
    expect(app.calls.map(({ body }) => body['type'])).toEqual(['POST_UPDATE', 'NEW_MESSAGE'])
  })

  test('one has a wrong key', async () => {
    const app = await startRecordingApp(({ headers }) => ({
      status: headers.authorization === KEYS.identification ? 200 : 401,
    }))
    await app.control('faults', { fault: 'event_wrong_key' })
    await app.control('events', { type: 'NEW_MESSAGE' })
    const [entry] = app.simulator.conversation.snapshot().timeline
    expect(entry).toMatchObject({ outcome: 'faulted', response: { status: 401 } })
    expect(entry?.notes[0]).toContain('refused it with 401')
  })
})
