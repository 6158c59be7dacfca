import { describe, expect, test } from '@jest/globals'
import { KEYS } from '../support/gateway.ts'
import { startRecordingApp, type RecordingApp } from '../support/recording-app.ts'

const READ_POST = 'CHAT_POST_CONVERSATIONS_READ.AZf3Uqr3'
const TOKENS = [
  { accessToken: 'post', side: 'seller' as const, scopes: [READ_POST, 'USER_POSTS_GET'] },
  { accessToken: 'all', side: 'seller' as const, scopes: ['CHAT_SUPPLIER_ALL_CONVERSATIONS_READ'] },
  { accessToken: 'buyer', side: 'buyer' as const, scopes: ['CHAT_SUPPLIER_ALL_CONVERSATIONS_READ'] },
  { accessToken: 'none', side: 'seller' as const, scopes: ['USER_ID'] },
]
const start = () => startRecordingApp(undefined, { tokens: TOKENS })

const subscribe = ({ simulator }: RecordingApp, token: string, body: unknown, key = KEYS.divarApi) =>
  fetch(`${simulator.url}/v1/open-platform/events/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
const ON_POST = { event_type: 'NEW_MESSAGE_ON_POST', event_resource_id: 'AZf3Uqr3', metadata: { shop: 7 } }
const say = (app: RecordingApp, text: string) => app.control('messages', { side: 'buyer', text })

describe('a subscription', () => {
  test('makes each message of the chat an event with its metadata', async () => {
    const app = await start()
    await say(app, 'پیش از اشتراک')
    const answer = await subscribe(app, 'post', ON_POST)
    expect([answer.status, await answer.json()]).toEqual([200, {}])
    await say(app, 'هست؟')
    const location = { latitude: 35.7, longitude: 51.4 }
    await app.control('messages', { side: 'seller', location })
    const events = await app.called(2)
    expect(events.map(({ body }) => body)).toMatchObject([
      { type: 'NEW_MESSAGE', metadata: { shop: 7 }, new_message: { text: 'هست؟', sender: { side: 'BUYER' } } },
      { new_message: { type: 'LOCATION', location_data: location, sender: { side: 'SELLER' } } },
    ])
  })

  test('made twice tells the app once; with other metadata twice', async () => {
    const app = await start()
    await subscribe(app, 'post', ON_POST)
    await subscribe(app, 'post', ON_POST)
    expect((await app.control('subscriptions', undefined, 'GET')).body).toHaveLength(1)
    await subscribe(app, 'all', { event_type: 'NEW_MESSAGE_ON_POST' })
    await say(app, 'هست؟')
    const events = await app.called(2)
    expect(events.map(({ body }) => body['metadata'])).toEqual([{ shop: 7 }, undefined])
  })

  test('ends with the token that it was made with', async () => {
    const app = await start()
    await subscribe(app, 'post', ON_POST)
    app.simulator.grants.expireAll()
    await say(app, 'هست؟')
    expect((await app.control('subscriptions', undefined, 'GET')).body).toEqual([])
    await app.control('events', { type: 'POST_UPDATE' })
    expect(app.calls.map(({ body }) => body['type'])).toEqual(['POST_UPDATE'])
  })

  test('to changes of posts gives these events its metadata', async () => {
    const app = await start()
    await subscribe(app, 'post', { event_type: 'POST_UPDATE', metadata: { a: 1 } })
    await app.control('events', { type: 'POST_UPDATE' })
    expect(app.calls[0]?.body).toMatchObject({ type: 'POST_UPDATE', metadata: { a: 1 } })
    const [, entry] = app.simulator.conversation.snapshot().timeline
    expect(entry?.notes).toEqual([])
  })

  test.each<[string, string, unknown, number]>([
    ['an unknown token', 'nobody', ON_POST, 401],
    ['a token without the scope', 'none', ON_POST, 403],
    ['a scope of another post', 'post', { ...ON_POST, event_resource_id: 'AAAA' }, 403],
    ['a user who does not own the post', 'buyer', ON_POST, 403],
    ['an unknown type', 'post', { event_type: 'EVERYTHING' }, 400],
    ['metadata that is no object', 'post', { ...ON_POST, metadata: 'x' }, 400],
    ['no object', 'post', [], 400],
  ])('with %s is refused', async (_, token, body, status) => {
    const app = await start()
    expect((await subscribe(app, token, body)).status).toBe(status)
    expect((await app.control('subscriptions', undefined, 'GET')).body).toEqual([])
  })

  test('with a wrong API key is refused', async () => {
    const app = await start()
    expect((await subscribe(app, 'post', ON_POST, 'wrong')).status).toBe(401)
  })
})
