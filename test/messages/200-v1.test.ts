import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { deliver, TRIPLE, V1, V1_PATH } from '../support/messages.ts'
import { fixture, parseJson, send, type Json } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

const seed = (name: string): Json => parseJson(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'))

describe('a v1 message arrives at Divar as the platform documents it', () => {
  const samples = [
    ["the seed's LINK sample", seed('seed-link')],
    ["the seed's DIRECT_LINK sample", seed('seed-direct-link')],
    ['message-v1-link', fixture('message-v1-link')],
    ['message-v1-direct-link', fixture('message-v1-direct-link')],
  ] as const

  test.each(samples)('%s, member for member and in raw UTF-8', async (_, sample) => {
    const { arrived, json } = await deliver(gateway, sample)
    expect(json).toEqual(sample)
    expect(arrived.headers['content-length']).toBe(String(Buffer.byteLength(JSON.stringify(sample))))
    expect(arrived.body).not.toContain('\\u')
  })

  test.each(samples)("%s, sent to the platform's own path", async (_, sample) => {
    expect((await deliver(gateway, sample, V1_PATH)).json).toEqual(sample)
  })

  test("with the app's key and the user's token, never the caller's key", async () => {
    const { arrived } = await deliver(gateway, V1)
    expect(arrived).toMatchObject({
      method: 'POST',
      path: V1_PATH,
      headers: { 'content-type': 'application/json', 'x-api-key': KEYS.divarApi, 'x-access-token': KEYS.token },
    })
    expect(arrived.headers).not.toHaveProperty('authorization')
    expect(JSON.stringify(arrived)).not.toContain(KEYS.caller)
  })

  test('below the path of DIVAR_V1_API_URL, if it has one', async () => {
    const own = await startTestGateway({ DIVAR_V1_API_URL: `${gateway.divar.url}/below/` })
    expect((await send(own, V1)).status).toBe(422)
    expect(gateway.divar.received.at(-1)?.path).toBe(`/below${V1_PATH}`)
  })
})

describe('optional and superfluous members', () => {
  test('type is added', async () => {
    expect((await deliver(gateway, V1)).json).toEqual({ ...V1, type: 'TEXT' })
  })

  const link = { action: 'LINK', data: { extra_data: {}, caption: 'باز' } }
  test.each([
    ['none', {}],
    ['null', { sender_btn: null, receiver_btn: null, sender_buttons: null, receiver_buttons: null }],
    ['grids without rows', { sender_buttons: {}, receiver_buttons: { rows: [] } }],
  ])('buttons: %s', async (_, buttons) => {
    expect((await deliver(gateway, { ...V1, ...buttons })).json).toEqual({ ...V1, type: 'TEXT' })
  })

  test.each(['sender_btn', 'receiver_btn'])('buttons: %s only', async (side) => {
    expect((await deliver(gateway, { ...V1, [side]: link })).json).toEqual({ ...V1, type: 'TEXT', [side]: link })
  })

  test.each([
    ['LINK', 'direct_link', { extra_data: { a: 1 }, caption: 'c' }],
    ['DIRECT_LINK', 'extra_data', { direct_link: 'https://a.example/', caption: 'c' }],
  ])('%s with a superfluous %s: only the one that belongs to the action is sent', async (action, superfluous, data) => {
    for (const value of [null, '', {}, 'https://b.example/', { b: 2 }]) {
      const { json } = await deliver(gateway, {
        ...V1,
        sender_btn: { action, data: { ...data, [superfluous]: value } },
      })
      expect(json['sender_btn']).toEqual({ action, data })
    }
  })

  test.each([null, ''])('icon_name %j is omitted', async (icon) => {
    const button = { ...link, data: { ...link.data, icon_name: icon } }
    expect((await deliver(gateway, { ...V1, sender_btn: button })).json['sender_btn']).toEqual(link)
  })

  test('members unknown to v1 are dropped at every level, including __proto__', async () => {
    const button = '{"action":"LINK","x":1,"data":{"extra_data":{},"caption":"باز","x":1,"__proto__":{"y":1}}}'
    const body = `{"x":1,"__proto__":{"type":"X"},"delivery":"at-least-once","media_token":null,"conversation_id":null,"sender_btn":${button}`
    const { json } = await deliver(gateway, `${body},${JSON.stringify(V1).slice(1)}`)
    expect(json).toEqual({ ...V1, type: 'TEXT', sender_btn: link })
  })
})

describe('unchanged content', () => {
  test('extra_data, with any JSON in it', async () => {
    const extra = `{"__proto__":{"a":1},"constructor":null,"":"","n":[9007199254740991,-9007199254740991,1.5,-1e-7,true],"متن":"\u202bنیم‌فاصله\u202c"}`
    const body = `{"sender_btn":{"action":"LINK","data":{"extra_data":${extra},"caption":"c"}},${JSON.stringify(V1).slice(1)}`
    const { arrived } = await deliver(gateway, body)
    expect(arrived.body).toContain(`"extra_data":${extra}`)
  })

  test.each([
    'https://app.example.com',
    'HTTPS://App.Example.com:443/%7Ea/../b?q=یک#بخش',
    'http://[::1]/',
    'https://مثال.example/سلام',
  ])('the direct link %s, as written', async (url) => {
    const button = { action: 'DIRECT_LINK', data: { direct_link: url, caption: 'c' } }
    expect((await deliver(gateway, { ...V1, sender_btn: button })).json['sender_btn']).toEqual(button)
  })

  test('texts with surrounding spaces, several lines, emoji and great length', async () => {
    for (const message of [' سلام \n', 'a\r\n\tb', '👨‍👩‍👧', '\u2028\u007f\u0001x', 'م'.repeat(40_000)]) {
      expect((await deliver(gateway, { ...V1, message })).json['message']).toBe(message)
    }
  })

  test('ids of the maximum length', async () => {
    const triple = { user_id: 'u'.repeat(128), post_token: 'p'.repeat(64), peer_id: 'q'.repeat(128) }
    expect((await deliver(gateway, { ...triple, message: 'm' })).json).toMatchObject(triple)
  })
})

describe('a v2 grid with one button becomes the button of v1', () => {
  test.each([
    [
      { open_server_link: { data: { a: 1 } } },
      { action: 'LINK', data: { icon_name: 'INFO', extra_data: { a: 1 }, caption: 'c' } },
    ],
    [
      { open_direct_link: 'https://a.example/' },
      { action: 'DIRECT_LINK', data: { icon_name: 'INFO', direct_link: 'https://a.example/', caption: 'c' } },
    ],
  ])('%j', async (action, button) => {
    const grid = { rows: [{ buttons: [{ action, icon: 'INFO', caption: 'c' }] }] }
    const { json } = await deliver(gateway, { ...V1, sender_buttons: grid, receiver_buttons: grid })
    expect(json).toEqual({ ...V1, type: 'TEXT', sender_btn: button, receiver_btn: button })
  })
})

describe("the user's token", () => {
  const headers: [string, Record<string, string>][] = [
    ['x-access-token', { 'x-access-token': 'tok' }],
    ['Authorization: Bearer', { authorization: 'Bearer tok' }],
    ['authorization: bearer', { authorization: 'bearer  tok ' }],
    ['both, the same', { 'x-access-token': 'tok', authorization: 'Bearer tok' }],
    ['x-access-token beside another scheme', { 'x-access-token': 'tok', authorization: 'Basic dTpw' }],
    ['Authorization beside an empty x-access-token', { 'x-access-token': '', authorization: 'Bearer tok' }],
  ]
  test.each(headers)('%s goes out as x-access-token', async (_, pair) => {
    const response = await supertest(gateway.internalUrl)
      .post('/messages')
      .set('x-api-key', KEYS.caller)
      .set(pair)
      .send(V1)
    expect(response.status).toBe(200)
    expect(gateway.divar.received.at(-1)?.headers).toMatchObject({ 'x-access-token': 'tok' })
    expect(gateway.divar.received.at(-1)?.headers).not.toHaveProperty('authorization')
  })
})

test('the log line has caller, request and outcome, but no text, id of a person, token or key', async () => {
  const own = await startTestGateway()
  const response = await send(own, {
    ...V1,
    ...TRIPLE,
    user_id: 'PERSON-1',
    peer_id: 'PERSON-2',
    message: 'TEXT-CANARY',
  })
  expect(await own.logged('message.delivered')).toEqual({
    level: 'info',
    time: expect.any(String),
    event: 'message.delivered',
    request_id: response.headers['x-request-id'],
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    status: 200,
    duration_ms: expect.any(Number),
    caller: 'orders',
    message_id: parseJson(response.text)['id'],
    wire: 'v1',
  })
  for (const secret of ['PERSON', 'CANARY', KEYS.token, KEYS.caller, KEYS.divarApi]) {
    expect(own.output()).not.toContain(secret)
  }
})
