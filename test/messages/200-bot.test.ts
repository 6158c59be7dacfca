import { beforeEach, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { botPath, botUserPath, IN_CHAT, startBotDivar, TO_USER, type BotDivar } from '../support/bot-divar.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import { parseJson, send } from '../support/requests.ts'

let divar: BotDivar
let gateway: TestGateway
beforeEach(async () => {
  divar = await startBotDivar()
  gateway = await startTestGateway(divar.environment)
})

function sendAlone(body: object, path = '/messages') {
  return supertest(gateway.internalUrl).post(path).set('x-api-key', KEYS.caller).send(body)
}

const GRID = {
  rows: [{ buttons: [{ action: { open_direct_link: 'https://a.example/' }, icon: 'ADD', caption: 'c' }] }],
}
const OF_BUYER = { accessToken: KEYS.token, side: 'buyer' as const, scopes: ['CHAT_BOT_USER_MESSAGE_SEND'] }
const text = { text_message: 'سلام' }

describe('a bot message arrives at Divar as the platform documents it', () => {
  test.each<[string, string, object, string]>([
    ['into a conversation', '/messages', { bot: { conversation_id: 'c/1=' } }, botPath('c%2F1%3D')],
    ['to a user', '/messages', { bot: { user_id: 'u/1=', conversation_id: null } }, botUserPath('u%2F1%3D')],
    ["on the platform's path of a conversation", botPath('c%2F1%3D'), {}, botPath('c%2F1%3D')],
    ["on the platform's path of a user", botUserPath('u-1'), {}, botUserPath('u-1')],
    ['with the id in path and body', botUserPath('u-1'), { user_id: 'u-1', conversation_id: null }, botUserPath('u-1')],
    ['on a former path', `/experimental/open-platform/chat/bot/conversations/c-1/messages`, {}, botPath('c-1')],
    ['on a former path of a user', `/experimental/open-platform/chat/bot/users/u-1/messages`, {}, botUserPath('u-1')],
    ['on the first path', `/experimental/open-platform/chatbot-conversations/c-1/messages`, {}, botPath('c-1')],
  ])('%s', async (_, path, address, arrivesAt) => {
    const response = await send(gateway, { type: 'TEXT', ...text, buttons: GRID, media_token: '', ...address }, path)
    expect(parseJson(response.text)).toEqual({
      status: 200,
      message: 'success',
      id: expect.stringMatching(/^msg_/),
      conversation_id: 'b-1',
    })
    expect(divar.calls).toMatchObject([{ path: arrivesAt, json: { ...text, buttons: GRID } }])
    expect(Object.keys(divar.calls[0]?.json ?? {})).toEqual(['text_message', 'buttons'])
    expect(divar.calls[0]?.headers).toMatchObject({
      'x-api-key': KEYS.divarApi,
      authorization: `Bearer ${KEYS.token}`,
      traceparent: expect.any(String),
    })
    expect(divar.calls[0]?.headers).not.toHaveProperty('x-access-token')
  })

  test('with message for its text, or with media', async () => {
    await send(gateway, { ...IN_CHAT, text_message: null, message: 'یک' }).expect(200)
    await send(gateway, { bot: IN_CHAT.bot, media_token: 'm-1' }).expect(200)
    expect(divar.calls.map(({ json }) => json)).toEqual([
      { text_message: 'یک' },
      { text_message: '', media_token: 'm-1' },
    ])
  })

  test('into a conversation without a token, a store or consent', async () => {
    const sent = await sendAlone(IN_CHAT)
    expect([sent.status, parseJson(sent.text)['conversation_id']]).toEqual([200, 'b-1'])
    expect(divar.calls[0]?.headers).not.toHaveProperty('authorization')
    expect(await gateway.logged('message.delivered')).toMatchObject({ wire: 'bot', caller: 'orders' })
  })

  test('and members that are not read are named, except on the platform’s own paths', async () => {
    const body = { ...text, post: 1, buttons: { ...GRID, columns: 2 } }
    const sent = await send(gateway, { ...body, bot: { conversation_id: 'c-1', peer_id: 'p' } })
    expect(parseJson(sent.text)['ignored']).toEqual(['/post', '/buttons/columns', '/bot/peer_id'])
    expect(parseJson((await send(gateway, body, botPath('c-1'))).text)).not.toHaveProperty('ignored')
  })
})

test('a strict simulator takes both forms, and names the conversation', async () => {
  const own = await startTestGateway({}, { checks: 'strict', tokens: [OF_BUYER] })
  const { botConversationId, v2Id } = own.divar.world.people.buyer
  for (const bot of [{ conversation_id: botConversationId }, { user_id: v2Id }]) {
    const { status, text: answer } = await send(own, { bot, ...text, buttons: GRID })
    expect([status, parseJson(answer)['conversation_id']]).toEqual([200, botConversationId])
  }
})

describe("Divar's answer to a bot message", () => {
  test.each([
    ['names no conversation', '{}'],
    ['names something else than a conversation', '{"conversation_id": 5}'],
    ['names an empty conversation', '{"conversation_id": ""}'],
    ['names a conversation with a line break', '{"conversation_id": "a\\nb"}'],
    ["names the user's token as a conversation", JSON.stringify({ conversation_id: KEYS.token })],
    ['is of another call', '{"status": 200, "message": "success"}'],
  ])('that %s is a delivery without it', async (_, body) => {
    divar.answerNext({ status: 200, body })
    const sent = await send(gateway, IN_CHAT)
    expect([sent.status, Object.keys(parseJson(sent.text))]).toEqual([200, ['status', 'message', 'id']])
  })

  test.each([
    ['is not JSON', 200, 'ok', 504, 'unknown'],
    ['contains an error under 200', 200, '{"code": 3}', 504, 'unknown'],
    ['is a 401', 401, '{}', 403, 'token_refused'],
    ['is a 403', 403, '{}', 403, 'not_permitted'],
    ['is a 404', 404, '{"code": 5}', 422, 'rejected'],
    ['is a 412', 412, '{}', 412, 'recipient_restricted'],
    ['is a 429', 429, '{}', 429, 'rate_limited'],
    ['is a 500', 500, '{}', 502, 'platform_error'],
    ['is a 504', 504, '{}', 504, 'unknown'],
  ])('that %s follows the outcomes of every send', async (_, answered, body, status, code) => {
    divar.answerNext({ status: answered, body })
    const problem = problemOf(await send(gateway, IN_CHAT))
    expect(problem).toMatchObject({ status, code })
    expect(problem.detail.includes('CHAT_BOT_SEND_MESSAGE')).toBe(answered === 403)
    expect(problem.detail).not.toContain('CHAT_SEND_MESSAGE_OAUTH')
  })

  test("is read in the platform's format on the platform's own paths", async () => {
    divar.answerNext({ status: 403, body: '{}' })
    expect(problemOf(await sendAlone(text, botPath('c-1')))).toMatchObject({
      code: 'not_permitted',
      detail: expect.stringContaining('CHAT_BOT_SEND_MESSAGE'),
    })
  })
})

test('a message to a user without a token and without consent is refused, naming the scope', async () => {
  const refused = problemOf(await sendAlone(TO_USER))
  expect(refused).toMatchObject({ status: 403, code: 'consent_required' })
  expect(refused.detail).toContain('CHAT_BOT_USER_MESSAGE_SEND')
  expect(divar.calls).toEqual([])
})

test('needs the key of a caller on each of its paths', async () => {
  for (const path of ['/messages', botPath('c-1'), botUserPath('u-1')]) {
    const answer = await supertest(gateway.internalUrl).post(path).send(IN_CHAT)
    expect([path, answer.status]).toEqual([path, 401])
  }
})

test('bot messages are counted under their own wire', async () => {
  await send(gateway, IN_CHAT).expect(200)
  divar.answerNext({ status: 500, body: '{}' })
  await send(gateway, IN_CHAT).expect(502)
  const { text: metrics } = await supertest(gateway.internalUrl).get('/metrics').set('x-api-key', KEYS.caller)
  expect(metrics).toContain('kenar_sends_total{wire="bot",outcome="delivered"} 1')
  expect(metrics).toContain('kenar_sends_total{wire="bot",outcome="platform_error"} 1')
})
