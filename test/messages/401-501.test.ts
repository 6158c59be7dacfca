import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { send, rawRequest, sendRaw } from '../support/requests.ts'

const SECOND = 'billing-key-0123456789'
let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({
    INTERNAL_API_KEYS: `orders:${KEYS.caller},billing:${SECOND}`,
    WRONG_KEYS_PER_MINUTE: '0',
  })
})

const request = () => supertest(gateway.internalUrl)
const paths = ['/messages', V1_PATH, v2Path('c-1')]

describe('401: the caller is unknown', () => {
  const wrong = [
    undefined,
    '',
    'x',
    KEYS.divarApi,
    KEYS.identification,
    KEYS.caller.slice(0, -1),
    `${KEYS.caller}x`,
    KEYS.caller.toUpperCase(),
    `orders:${KEYS.caller}`,
    `${KEYS.caller}, ${KEYS.caller}`,
    `Bearer ${KEYS.caller}`,
  ]
  test.each(wrong)('with the key %j, in the same words whatever the key', async (key) => {
    for (const path of paths) {
      const test = request().post(path).set('x-access-token', KEYS.token)
      if (key !== undefined) void test.set('x-api-key', key)
      const response = await test.send(V2)
      expect(problemOf(response)).toEqual({
        type: '/docs#api_key_refused',
        title: "The gateway's API key was refused",
        status: 401,
        code: 'api_key_refused',
        detail: 'x-api-key: expected one of the keys in INTERNAL_API_KEYS of this gateway',
        request_id: expect.stringMatching(/^req_/),
      })
    }
    expect(gateway.divar.received).toEqual([])
  })

  test('with the key in Authorization', async () => {
    expect((await request().post('/messages').set('authorization', `Bearer ${KEYS.caller}`).send(V1)).status).toBe(401)
  })

  test('is checked before the body and other headers', async () => {
    const response = await request()
      .post('/messages')
      .set('x-api-key', 'wrong')
      .set('content-type', 'text/plain')
      .set('idempotency-key', 'k')
      .set('prefer', 'respond-async')
      .send('{')
    expect(response.status).toBe(401)
    // Not a byte of the promised body was sent, and the answer is there.
    const head = 'POST /messages HTTP/1.1\r\nhost: x\r\nx-api-key: wrong\r\ncontent-length: 10\r\n\r\n'
    expect(await sendRaw(gateway.port, head, (text) => text.includes('}'))).toMatch(/^HTTP\/1\.1 401 /)
  })

  test('the right key twice is accepted; together with another key it is refused', async () => {
    const own = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1' })
    const body = JSON.stringify(V1)
    const withKeys = (...keys: string[]) =>
      sendRaw(
        own.port,
        rawRequest(
          '/messages',
          [
            'host: x',
            'connection: close',
            'content-type: application/json',
            `x-access-token: ${KEYS.token}`,
            ...keys.map((key) => `X-Api-Key: ${key}`),
          ],
          body,
        ),
      )
    // Were one of these counted as wrong, the one after it would be 429.
    for (let times = 0; times < 3; times += 1) {
      expect(await withKeys(KEYS.caller, KEYS.caller)).toMatch(/^HTTP\/1\.1 200 /)
    }
    expect(await withKeys(KEYS.caller, 'another')).toMatch(/^HTTP\/1\.1 401 /)
    expect(await withKeys('another', KEYS.caller)).toMatch(/^HTTP\/1\.1 429 /)
  })

  test("the key of each caller is accepted, and the log has the caller's name", async () => {
    const own = await startTestGateway({
      INTERNAL_API_KEYS: `orders:${KEYS.caller},billing:${SECOND}`,
      WRONG_KEYS_PER_MINUTE: '0',
    })
    expect((await send(own, V1).set('x-api-key', SECOND)).status).toBe(200)
    expect(await own.logged('message.delivered')).toMatchObject({ caller: 'billing' })
  })
})

describe('403 consent_required: there is no user token', () => {
  const headers: [string, Record<string, string>][] = [
    ['no header', {}],
    ['an empty x-access-token', { 'x-access-token': '' }],
    ['a bearer of nothing', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic dTpw' }],
    ['no scheme', { authorization: 'tok' }],
  ]
  test.each(headers)('%s', async (_, given) => {
    for (const body of [V1, V2]) {
      const response = await request().post('/messages').set('x-api-key', KEYS.caller).set(given).send(body)
      const { status, code, detail } = problemOf(response)
      expect({ status, code }).toEqual({ status: 403, code: 'consent_required' })
      expect(detail).toMatch(/no token came along.*a token in x-access-token or Authorization: Bearer/)
    }
  })

  test('is answered only for a valid body', async () => {
    expect((await request().post('/messages').set('x-api-key', KEYS.caller).send({})).status).toBe(400)
  })
})

describe('404 and 405', () => {
  test.each(['/message', '/v2/open-platform/conversations/c-1', '/v1/x'])('404: %s', async (path) => {
    const response = await request().post(path).set('x-api-key', KEYS.caller).send(V1)
    expect(problemOf(response)).toMatchObject({ status: 404, code: 'not_found' })
  })

  test.each(['get', 'put', 'delete', 'patch', 'options'] as const)(
    "405: %s on the platform's paths",
    async (method) => {
      for (const path of [V1_PATH, v2Path('c-1')]) {
        const response = await request()[method](path).set('x-api-key', KEYS.caller)
        expect(problemOf(response)).toMatchObject({
          status: 405,
          code: 'method_not_allowed',
          detail: 'method: expected POST',
        })
        expect(response.headers['allow']).toBe('POST')
      }
    },
  )

  test('405: PUT, DELETE and PATCH on /messages', async () => {
    for (const method of ['put', 'delete', 'patch'] as const) {
      const response = await request()[method]('/messages').set('x-api-key', KEYS.caller)
      expect(problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
      expect(response.headers['allow']).toMatch(/\bPOST\b/)
    }
  })
})

describe('501 store_required: a gateway without a store refuses', () => {
  const refused = { status: 501, code: 'store_required' }

  test.each([
    'respond-async',
    'Respond-Async',
    'respond-async, wait=10',
    'wait=10,respond-async',
    'handling=lenient; x=y , respond-async ; z',
    'respond-async;foo=bar',
  ])('Prefer: %s', async (prefer) => {
    for (const path of paths) {
      const response = await send(gateway, V2, path).set('prefer', prefer)
      expect(problemOf(response)).toMatchObject({ ...refused, detail: expect.stringContaining('respond-async') })
    }
  })

  test.each(['wait=10', 'respond-asynchronously', 'not-respond-async', 'return=minimal'])(
    'but accepts Prefer: %s',
    async (prefer) => {
      expect((await send(gateway, V2).set('prefer', prefer)).status).toBe(200)
    },
  )

  test.each(['k-1', '', 'x'.repeat(256)])('Idempotency-Key: %s', async (key) => {
    const before = gateway.divar.received.length
    const response = await send(gateway, V2).set('idempotency-key', key)
    expect(problemOf(response)).toMatchObject({ ...refused, detail: expect.stringContaining('Idempotency-Key') })
    expect(gateway.divar.received).toHaveLength(before)
  })

  const routes = [
    ['get', '/messages?state=queued'],
    ['get', '/messages/msg_1'],
    ['post', '/messages/msg_1/retry'],
    ['post', '/messages/msg_1/cancel'],
    ['get', '/clicks/clk_1'],
    ['post', '/consents'],
    ['get', '/grants?user_id=u'],
    ['delete', '/grants/g-1'],
    ['get', '/users/u-1'],
  ] as const
  test.each(routes)('%s %s, after checking the key', async (method, path) => {
    expect(problemOf(await request()[method](path).set('x-api-key', KEYS.caller))).toMatchObject(refused)
    expect(problemOf(await request()[method](path).set('x-api-key', 'wrong'))).toMatchObject({ status: 401 })
    expect(problemOf(await request()[method](path))).toMatchObject({ status: 401 })
  })
})
