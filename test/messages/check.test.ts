import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import supertest from 'supertest'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { TRIPLE, V1, V2 } from '../support/messages.ts'
import { fixture, parseJson } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ ...(await withStore('sqlite')), SENDS_PER_MINUTE: '1' })
})

const post = (path: string, body: unknown, headers: Record<string, string> = {}, at = gateway) =>
  supertest(at.url)
    .post(path)
    .set({ 'x-api-key': KEYS.caller, 'content-type': 'application/json', 'x-request-id': 'same', ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body))
const check = (body: unknown, headers?: Record<string, string>, at?: TestGateway) =>
  post('/messages/check', body, headers, at)

describe('POST /messages/check', () => {
  test.each([
    ['v1', V1],
    ['v2', V2],
    ['a media message', { conversation_id: 'c-1', media_token: 'm-1' }],
    ['a bot message', { bot: { conversation_id: 'c-1' }, text_message: 'سلام' }],
    ['v1 with a link', { ...TRIPLE, ...fixture('message-v1-link') }],
    ['v2 with a grid', { conversation_id: 'c-1', ...fixture('message-v2-grid') }],
  ])('accepts %s without a token, and neither sends nor stores it', async (_, body) => {
    const { status, text } = await check(body)
    expect([status, parseJson(text)]).toEqual([200, { ignored: [] }])
    const { text: list } = await supertest(gateway.url).get('/messages').set('x-api-key', KEYS.caller).expect(200)
    expect(parseJson(list)).toMatchObject({ messages: [] })
    expect(gateway.divar.received).toEqual([])
  })

  test('names the members that are not read, as a send does', async () => {
    const { text } = await check({ ...V2, reciever_btn: {}, sender_buttons: { columns: 1 } })
    expect(parseJson(text)).toEqual({
      ignored: ['/reciever_btn', '/sender_buttons/columns'],
      did_you_mean: { '/reciever_btn': 'receiver_btn' },
    })
    expect(await gateway.logged('message.checked')).toMatchObject({ caller: 'orders', status: 200 })
  })

  test('names a misspelled member beside the one that is missing, as a send does', async () => {
    const body = { conversation_id: 'c-1', mesage: 'سلام', sender_btn: 7, unlike: 1 }
    const { status, text } = await check(body)
    expect([status, text]).toEqual([400, (await post('/messages', body)).text])
    expect(parseJson(text)).toMatchObject({
      errors: expect.arrayContaining([{ pointer: '/mesage', detail: 'not read; did you mean message?' }]),
    })
    expect(text).not.toContain('unlike')
  })

  const button = { action: 'LINK', data: { extra_data: {}, caption: 'x'.repeat(31) } }
  test.each<[string, unknown]>([
    ['no address and no text', {}],
    ['two addresses', { ...V1, conversation_id: 'c-1' }],
    ['faults in several members', { ...V2, message: ' ', sender_btn: button, delivery: 'twice' }],
    ['a bot message with two addresses', { bot: { conversation_id: 'c-1', user_id: 'u-1' }, text_message: 'x' }],
    ['media on v1', { ...TRIPLE, media_token: 'm-1' }],
    ['a list', []],
    ['no JSON', '{'],
    ['an empty body', ''],
    ['a lone surrogate', '{"message":"\\ud800"}'],
  ])('refuses %s with the 400 of a send', async (_, body) => {
    const [checked, sent] = [await check(body), await post('/messages', body)]
    expect([checked.status, checked.text]).toEqual([400, sent.text])
  })

  test('refuses two different tokens, an unknown query parameter and a body that is not JSON as a send does', async () => {
    const tokens = { 'x-access-token': 'a', authorization: 'Bearer b' }
    expect((await check(V2, tokens)).text).toBe((await post('/messages', V2, tokens)).text)
    expect((await post('/messages/check?x=1', V2)).text).toBe((await post('/messages?x=1', V2)).text)
    const plain = { 'content-type': 'text/plain' }
    const [checked, sent] = [await check('x', plain), await post('/messages', 'x', plain)]
    expect([checked.status, checked.text]).toEqual([415, sent.text])
  })

  test('agrees with a send on any body', async () => {
    const member = fc.constantFrom<unknown>('c-1', '', null, 7, 'u-1', { rows: [] }, 'سلام')
    const body = fc.dictionary(
      fc.constantFrom(
        'conversation_id',
        'user_id',
        'post_token',
        'peer_id',
        'message',
        'media_token',
        'sender_buttons',
      ),
      member,
    )
    await fc.assert(
      fc.asyncProperty(body, async (any) => {
        const [checked, sent] = [await check(any), await post('/messages', any)]
        // A valid message is refused for its missing grant, or for the limit of sends.
        if (checked.status === 200) expect([403, 429]).toContain(sent.status)
        else expect([checked.status, checked.text]).toEqual([400, sent.text])
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['not ASCII', 'ä'],
    ['too long', 'x'.repeat(256)],
    ['a quote that does not end', '"one'],
    ['empty', '""'],
  ])('refuses an Idempotency-Key that is malformed (%s) as a send does', async (_, key) => {
    const headers = { 'idempotency-key': key }
    const [checked, sent] = [await check(V2, headers), await post('/messages', V2, headers)]
    expect([checked.status, checked.text]).toEqual([400, sent.text])
    expect(checked.text).toContain('Idempotency-Key')
    // As a send does, before anything about the body.
    expect((await check({}, headers)).text).toBe(checked.text)
  })

  test('takes no key for itself, does not count as a send, and works without a store', async () => {
    const bare = await startTestGateway({ SENDS_PER_MINUTE: '1' })
    const headers = { 'idempotency-key': 'one', prefer: 'respond-async' }
    for (const body of [V1, V2, V1]) {
      const { status, headers: answered } = await check(body, headers, bare)
      expect(status).toBe(200)
      expect(answered).not.toHaveProperty('ratelimit')
    }
    const sent = await post('/messages', V1, { 'x-access-token': KEYS.token }, bare)
    expect(sent.status).toBe(200)
  })

  test('is the only method of its path', async () => {
    const { status, headers } = await supertest(gateway.url).get('/messages/check').set('x-api-key', KEYS.caller)
    expect([status, headers['allow']]).toEqual([405, 'POST'])
  })
})
