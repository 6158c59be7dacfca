import { describe, expect, test } from '@jest/globals'
import { KEYS } from '../support/gateway.ts'
import { startRecordingApp, type RecordingApp } from '../support/recording-app.ts'

const TOKENS = [
  { accessToken: 'of-the-buyer', side: 'buyer' as const, scopes: ['CHAT_BOT_USER_MESSAGE_SEND'] },
  { accessToken: 'without-the-scope', side: 'buyer' as const, scopes: ['USER_ID'] },
]
const start = () => startRecordingApp(undefined, { tokens: TOKENS })

const post = ({ simulator }: RecordingApp, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(simulator.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEYS.divarApi, ...headers },
    body: JSON.stringify(body),
  })

const chatPath = ({ simulator }: RecordingApp, root = '/v1') =>
  `${root}/open-platform/chat/bot/conversations/${simulator.world.people.buyer.botConversationId}/messages`
const userPath = ({ simulator }: RecordingApp, side: 'buyer' | 'seller' = 'buyer', root = '/v1') =>
  `${root}/open-platform/chat/bot/users/${encodeURIComponent(simulator.world.people[side].v2Id)}/messages`

describe('a user of the bot', () => {
  test.each([
    ['CHAT', '/start CHAT 6b3d5cf7-9291-4fa9-892a-9d07e300daea'],
    ['MY_POST', '/start MY_POST AZf3Uqr3'],
    ['DEMAND_POST', '/start DEMAND_POST AZf3Uqr3'],
    ['MY_DIVAR', '/start MY_DIVAR'],
    ['DIVAR_PRO', '/start DIVAR_PRO'],
  ])('who opens it from %s is announced to the app with %s', async (from, text) => {
    const app = await start()
    expect((await app.control('bot/start', { side: 'buyer', from })).status).toBe(201)
    const [event] = await app.called(1)
    expect(event?.body).toMatchObject({
      type: 'NEW_CHATBOT_MESSAGE',
      new_chatbot_message: {
        text,
        conversation: { id: app.simulator.world.people.buyer.botConversationId, type: 'BOT' },
      },
    })
  })

  test('writes to it, which the app is told in order', async () => {
    const app = await start()
    for (const text of ['یک', 'دو', 'سه']) await app.control('bot/messages', { side: 'seller', text })
    const events = await app.called(3)
    expect(events.map(({ body }) => body['new_chatbot_message'])).toMatchObject([
      { text: 'یک' },
      { text: 'دو' },
      { text: 'سه' },
    ])
  })
})

describe('a message of the bot', () => {
  test('by its conversation needs no token and comes to that user, with buttons', async () => {
    const app = await start()
    const grid = { rows: [{ buttons: [{ action: { get_dynamic_action: { data: { a: 1 } } }, caption: 'بعدی' }] }] }
    const answer = await post(app, chatPath(app), { text_message: 'سلام', buttons: grid })
    const conversationId = app.simulator.world.people.buyer.botConversationId
    expect([answer.status, await answer.json()]).toEqual([200, { conversation_id: conversationId }])
    expect(app.simulator.conversation.snapshot()).toMatchObject({
      messages: [
        {
          from: 'buyer',
          chat: 'bot',
          text: 'سلام',
          buttons: { seller: [], buyer: [[{ kind: 'get_dynamic_action', caption: 'بعدی', data: { a: 1 } }]] },
        },
      ],
      timeline: [{ kind: 'bot', side: 'buyer', outcome: 'ok' }],
    })
  })

  test('by its user needs that user’s token with the scope', async () => {
    const app = await start()
    const text = { text_message: 'سلام', type: 'TEXT' }
    const as = (token: string) => ({ authorization: `Bearer ${token}` })
    const statuses = [
      await post(app, userPath(app), text, as('of-the-buyer')),
      await post(app, userPath(app), text),
      await post(app, userPath(app), text, as('nobody')),
      await post(app, userPath(app), text, as('without-the-scope')),
      await post(app, userPath(app, 'seller'), text, as('of-the-buyer')),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 401, 401, 403, 403])
    expect(app.simulator.conversation.snapshot().messages).toHaveLength(1)
  })

  test('is accepted on the older paths, too', async () => {
    const app = await start()
    const text = { text_message: 'سلام' }
    expect((await post(app, chatPath(app, '/experimental'), text)).status).toBe(200)
    const bearer = { authorization: 'bearer of-the-buyer' }
    expect((await post(app, userPath(app, 'buyer', '/experimental'), text, bearer)).status).toBe(200)
  })

  test.each([
    [{}, 400],
    [{ text_message: ' ' }, 400],
    [{ text_message: 'x', type: 'IMAGE' }, 400],
    [{ text_message: 'x', media_token: 'm' }, 400],
    [{ text_message: 'x\0' }, 400],
    [{ text_message: 'x', buttons: [] }, 400],
    [{ text_message: 'x', buttons: { rows: [{}, {}, {}, {}] } }, 400],
    [{ text_message: '', media_token: 'm' }, 200],
  ])('%j is %i', async (body, status) => {
    const app = await start()
    expect((await post(app, chatPath(app), body)).status).toBe(status)
  })

  test('with a wrong API key is 401, to an unknown conversation 404', async () => {
    const app = await start()
    const text = { text_message: 'سلام' }
    expect((await post(app, chatPath(app), text, { 'x-api-key': 'wrong' })).status).toBe(401)
    const path = '/v1/open-platform/chat/bot/conversations/another/messages'
    expect((await post(app, path, text)).status).toBe(404)
  })

  test('meets the faults of other sends', async () => {
    const app = await start()
    await app.control('faults', { fault: '429' })
    const refused = await post(app, chatPath(app), { text_message: 'سلام' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5'])
    expect(app.simulator.conversation.snapshot().messages).toEqual([])
  })

  test('has buttons that call the app in API version 2, with the conversation of the bot', async () => {
    const app = await startRecordingApp(() => ({ body: { url: 'https://app.example.com/z', text_message: 'x' } }))
    const buttons = ['open_server_link', 'get_dynamic_action'].map((kind) => ({
      action: { [kind]: { data: { kind } } },
      caption: kind,
    }))
    await post(app, chatPath(app), { text_message: 'سلام', buttons: { rows: [{ buttons }] } })
    const [message] = app.simulator.conversation.snapshot().messages
    for (const column of [0, 1]) {
      await app.control('clicks', { side: 'buyer', message_id: message?.id, row: 0, column })
    }
    const place = { conversation_id: app.simulator.world.people.buyer.botConversationId, post_token: null }
    expect(app.calls).toMatchObject([
      {
        path: '/divar/session',
        headers: { 'api-version': '2' },
        body: { ...place, extra_data: { kind: 'open_server_link' } },
      },
      { path: '/divar/action', body: { ...place, extra_data: { kind: 'get_dynamic_action' } } },
    ])
  })
})
