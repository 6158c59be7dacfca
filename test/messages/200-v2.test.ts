import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { deliver, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { fixture, send } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

const GRID = fixture('message-v2-grid')
const CONTENT = { message: GRID['message'], receiver_buttons: GRID['receiver_buttons'] }
const gridOf = (...buttons: object[]) => ({ rows: [{ buttons }] })
const text = { message: V2.message }

describe('a v2 message arrives at Divar as the platform documents it', () => {
  test.each([
    ['sent to /messages', '/messages', { conversation_id: 'c-1' }],
    ["sent to the platform's own path", v2Path('c-1'), {}],
    ['with the conversation in path and body', v2Path('c-1'), { conversation_id: 'c-1' }],
    ["sent to the platform's v1 path", V1_PATH, { conversation_id: 'c-1' }],
  ])('%s, its body without type and address, in raw UTF-8', async (_, path, address) => {
    const { arrived, json } = await deliver(gateway, { ...GRID, ...address }, path)
    expect(json).toEqual(CONTENT)
    expect(arrived.path).toBe(v2Path('c-1'))
    expect(arrived.headers['content-length']).toBe(String(Buffer.byteLength(JSON.stringify(CONTENT))))
  })

  test("with the app's key and the user's token, never the caller's key", async () => {
    const { arrived } = await deliver(gateway, V2)
    expect(arrived).toMatchObject({
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-api-key': KEYS.divarApi,
        authorization: `Bearer ${KEYS.token}`,
      },
    })
    expect(arrived.headers).not.toHaveProperty('x-access-token')
    expect(JSON.stringify(arrived)).not.toContain(KEYS.caller)
  })

  test.each([
    ['a1B2==', 'a1B2%3D%3D'],
    ['a/b+c', 'a%2Fb%2Bc'],
    ['50% of it', '50%25%20of%20it'],
    ['%2F', '%252F'],
    ['.../users?x#y', '...%2Fusers%3Fx%23y'],
    ['گفتگو', '%DA%AF%D9%81%D8%AA%DA%AF%D9%88'],
    ['AZf3Uqr3', 'AZf3Uqr3'],
  ])('the conversation %s is percent-encoded in the path', async (id, encoded) => {
    expect((await deliver(gateway, { ...text, conversation_id: id })).arrived.path).toBe(v2Path(encoded))
    expect((await deliver(gateway, text, v2Path(encodeURIComponent(id)))).arrived.path).toBe(v2Path(encoded))
  })

  test('on the host of v2, below its path', async () => {
    const own = await startTestGateway({ DIVAR_API_URL: `${gateway.divar.url}/below` })
    expect((await send(own, V2)).status).toBe(422)
    expect(own.divar.received).toEqual([])
    expect(gateway.divar.received.at(-1)?.path).toBe(`/below${v2Path('c-1')}`)
  })
})

describe('members for the gateway and empty members are not sent on', () => {
  test('type, delivery, user_id, post_token, unknown members and nulls', async () => {
    const body = {
      ...V2,
      type: 'TEXT',
      delivery: 'at-least-once',
      user_id: 'u-1',
      post_token: 'p-1',
      new_member: { a: 1 },
      media_token: null,
      peer_id: null,
      sender_buttons: null,
      receiver_btn: null,
    }
    expect((await deliver(gateway, body)).json).toEqual(text)
  })

  test.each([{}, { rows: null }, { rows: [] }])('the grid %j', async (grid) => {
    expect((await deliver(gateway, { ...V2, sender_buttons: grid, receiver_buttons: grid })).json).toEqual(text)
  })

  test('null actions beside the chosen one, null icons, unknown members', async () => {
    const action = { open_direct_link: 'https://a.example/' }
    const button = {
      action: { ...action, open_server_link: null, open_post_page: null },
      icon: null,
      caption: 'c',
      x: 1,
    }
    const grid = { rows: [{ buttons: [button], x: 1 }], x: 1 }
    expect((await deliver(gateway, { ...V2, sender_buttons: grid })).json).toEqual({
      ...text,
      sender_buttons: gridOf({ action, caption: 'c' }),
    })
  })
})

describe('media', () => {
  test.each([{}, { message: '' }, { message: null }])('with %j is sent with an empty message', async (message) => {
    const { json } = await deliver(gateway, { conversation_id: 'c-1', media_token: 'm-1', ...message })
    expect(json).toEqual({ message: '', media_token: 'm-1' })
  })

  test('an empty media_token is omitted', async () => {
    expect((await deliver(gateway, { ...V2, media_token: '' })).json).toEqual(text)
  })

  test('can have buttons', async () => {
    const grid = gridOf({ action: { open_post_page: { post_token: 'p' } }, caption: 'c' })
    const { json } = await deliver(gateway, { conversation_id: 'c-1', media_token: 'm-1', sender_buttons: grid })
    expect(json).toEqual({ message: '', media_token: 'm-1', sender_buttons: grid })
  })
})

describe('buttons', () => {
  test.each([
    { open_direct_link: 'https://app.example.com/پیشنهاد?a=1#b' },
    { open_server_link: { data: { offer: '17', nested: { list: [1, null, 'دو'] } } } },
    { open_server_link: { data: {} } },
    { get_dynamic_action: { data: { a: true } } },
    { open_post_page: { post_token: 'AZf3Uqr3' } },
    { open_post_manage_page: { post_token: 'AZf3Uqr3' } },
  ])('%j arrives unchanged', async (action) => {
    const grid = gridOf({ action, icon: 'A_NAME_OF_TOMORROW', caption: 'دکمه' })
    const { json } = await deliver(gateway, { ...V2, sender_buttons: grid, receiver_buttons: grid })
    expect(json).toEqual({ ...text, sender_buttons: grid, receiver_buttons: grid })
  })

  test('a grid of three by three keeps its order', async () => {
    const button = (caption: string) => ({ action: { open_post_page: { post_token: 'p' } }, caption })
    const grid = { rows: ['a b c', 'd e f', 'g h i'].map((row) => ({ buttons: row.split(' ').map(button) })) }
    expect((await deliver(gateway, { ...V2, sender_buttons: grid })).json['sender_buttons']).toEqual(grid)
  })

  test.each([
    [{ icon_name: 'OLD' }, { icon: 'OLD' }],
    [{ icon_name: 'OLD', icon: 'NEW' }, { icon: 'NEW' }],
    [{ icon_name: 'OLD', icon: null }, { icon: 'OLD' }],
    [{ icon_name: 'OLD', icon: '' }, { icon: 'OLD' }],
    [{ icon: '' }, {}],
  ])('%j is sent as %j', async (given, sent) => {
    const action = { open_post_page: { post_token: 'p' } }
    const { json } = await deliver(gateway, { ...V2, sender_buttons: gridOf({ action, caption: 'c', ...given }) })
    expect(json['sender_buttons']).toEqual(gridOf({ action, caption: 'c', ...sent }))
  })

  test('of v1 become grids with one button', async () => {
    const { json } = await deliver(gateway, {
      ...V2,
      sender_btn: { action: 'LINK', data: { icon_name: 'INFO', extra_data: { a: 1 }, direct_link: '', caption: 's' } },
      receiver_btn: { action: 'DIRECT_LINK', data: { direct_link: 'https://a.example/', caption: 'r' } },
    })
    expect(json).toEqual({
      ...text,
      sender_buttons: gridOf({ action: { open_server_link: { data: { a: 1 } } }, icon: 'INFO', caption: 's' }),
      receiver_buttons: gridOf({ action: { open_direct_link: 'https://a.example/' }, caption: 'r' }),
    })
  })
})

describe('a delivery', () => {
  test.each([
    ['{}', 200],
    ['{"status":200,"message":"success"}', 200],
    ['{"status":"200"}', 200],
    ['{"status":null,"message":null,"details":[]}', 201],
    ['\ufeff{"status":200}', 202],
  ])("is recognized from Divar's answer %s with status %d", async (body, status) => {
    gateway.divar.misbehave({ kind: 'answer', status, body })
    await deliver(gateway, V2)
  })

  test('is answered with only the three keys, uncached', async () => {
    const response = await send(gateway, V2)
    expect(response.headers['content-type']).toMatch(/^application\/json\b/)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.body).toEqual({ status: 200, message: 'success', id: expect.stringMatching(/^msg_[\w-]{24}$/) })
  })

  test('happens for each request: the same body twice is two messages', async () => {
    const before = gateway.divar.received.length
    const [one, two] = await Promise.all([send(gateway, V2), send(gateway, V2)])
    expect(one.text).not.toBe(two.text)
    expect(gateway.divar.received).toHaveLength(before + 2)
  })

  test.each([{ 'x-access-token': 'tok' }, { authorization: 'Bearer tok' }])(
    'with the token in %j sends it as a bearer token',
    async (headers) => {
      await supertest(gateway.internalUrl).post('/messages').set('x-api-key', KEYS.caller).set(headers).send(V2)
      expect(gateway.divar.received.at(-1)?.headers.authorization).toBe('Bearer tok')
    },
  )
})
