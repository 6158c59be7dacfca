import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { call, problemIn, startAnyDivar, startPlatformGateway, type AnyDivar } from '../support/platform.ts'
import { sendRaw } from '../support/requests.ts'

const POST = '/v1/open-platform/finder/post/AZf3Uqr3'
const SEARCH = '/v2/open-platform/finder/post'
const OWN_POSTS = '/v1/open-platform/finder/user-posts'
const TOKEN = { 'x-access-token': KEYS.token }

let divar: AnyDivar
let gateway: TestGateway
beforeAll(async () => {
  divar = await startAnyDivar()
  gateway = await startPlatformGateway(divar)
})
beforeEach(() => {
  divar.received.length = 0
  divar.answerWith()
})

/** The status of a refusal and its code, and that nothing reached Divar. */
async function refusal(asked: ReturnType<typeof call>): Promise<[number, string]> {
  const { status, text } = await asked
  expect(divar.received).toEqual([])
  return [status, problemIn(text).code]
}

describe('what reaches Divar', () => {
  test("is the app's key, the caller's token and nothing else of its headers", async () => {
    const headers = { ...TOKEN, cookie: 'a=b', 'x-forwarded-for': '10.0.0.1', 'x-divar-user-id': 'u', accept: 'x/y' }
    await call(gateway, 'get', OWN_POSTS, { headers }).expect(200, { ok: true })
    const [arrived] = divar.received
    expect(Object.keys(arrived?.headers ?? {}).sort()).toEqual([
      'accept-encoding',
      'authorization',
      'connection',
      'host',
      'traceparent',
      'user-agent',
      'x-api-key',
    ])
    expect(arrived?.headers).toMatchObject({
      'x-api-key': KEYS.divarApi,
      authorization: `Bearer ${KEYS.token}`,
      host: new URL(divar.url).host,
    })
  })

  test.each([
    ['Authorization: Bearer', { authorization: `bearer ${KEYS.token}` }],
    ['x-access-token', TOKEN],
    ['both, if they are equal', { ...TOKEN, authorization: `Bearer ${KEYS.token}` }],
  ])("is the caller's own token from %s", async (_, headers) => {
    await call(gateway, 'get', OWN_POSTS, { headers }).expect(200)
    expect(divar.received[0]?.headers.authorization).toBe(`Bearer ${KEYS.token}`)
  })

  test('is the query as it came', async () => {
    const query = '?city_slug=a%2fb&x=%D8%A7+1&&y&z=='
    await call(gateway, 'get', `/v1/open-platform/assets/district${query}`).expect(200)
    expect(divar.received[0]?.path).toBe(`/v1/open-platform/assets/district${query}`)
  })

  test('is the path with each segment encoded anew', async () => {
    await call(gateway, 'get', '/v1/open-platform/finder/post/a%2Fb=%2e%3F%23%41%20').expect(200)
    expect(divar.received[0]?.path).toBe('/v1/open-platform/finder/post/a%2Fb%3D.%3F%23A%20')
  })

  test("is the body's bytes and its content type", async () => {
    const body = '{ "a": 1.0,\n "b": "\\u0633" , "a": 2e3}'
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    await call(gateway, 'post', SEARCH, { body, headers }).expect(200)
    expect(divar.received[0]).toMatchObject({ method: 'POST', body, headers })
  })

  test('is a body of 1 MiB, and no larger one', async () => {
    const bodyOf = (length: number) => JSON.stringify('x'.repeat(length - 2))
    await call(gateway, 'post', SEARCH, { body: bodyOf(1024 * 1024) }).expect(200)
    divar.received.length = 0
    expect(await refusal(call(gateway, 'post', SEARCH, { body: bodyOf(1024 * 1024 + 1) }))).toEqual([
      413,
      'body_too_large',
    ])
  })

  test('is under the path of DIVAR_API_URL', async () => {
    const other = await startPlatformGateway({ url: `${divar.url}/proxy/` })
    await call(other, 'get', POST).expect(200)
    expect(divar.received[0]?.path).toBe(`/proxy${POST}`)
  })

  test('is no body for an operation that needs none, and {} if the SDK sends it', async () => {
    await call(gateway, 'post', '/v1/open-platform/users', { headers: TOKEN }).expect(200)
    await call(gateway, 'post', '/v1/open-platform/users', { headers: TOKEN, body: '{}' }).expect(200)
    expect(divar.received.map(({ body }) => body)).toEqual(['', '{}'])
  })
})

describe('a call is refused before it reaches Divar', () => {
  test.each([
    ['without a key', 401, 'api_key_refused', 'get', POST, { headers: { 'x-api-key': 'no' } }],
    [
      'with two different tokens',
      400,
      'malformed_request',
      'get',
      POST,
      { headers: { ...TOKEN, authorization: 'Bearer x' } },
    ],
    ['with .. in its path', 400, 'malformed_request', 'get', '/v1/open-platform/finder/post/%2e%2e', {}],
    ['with . in its path', 400, 'malformed_request', 'get', '/v1/open-platform/finder/post/%2E', {}],
    [
      'with .. behind an encoded slash',
      400,
      'malformed_request',
      'get',
      '/v1/open-platform/finder/post/x%2F..%2F..%2Fusers',
      {},
    ],
    ['with .. behind a backslash', 400, 'malformed_request', 'get', '/v1/open-platform/finder/post/x%5C..', {}],
    ['with a NUL in its path', 400, 'malformed_request', 'get', '/v1/open-platform/finder/post/a%00', {}],
    ['with an empty segment', 400, 'malformed_request', 'get', '/v1/open-platform/finder/post/', {}],
    ['with a malformed escape', 400, 'malformed_request', 'get', '/v1/open-platform/finder/post/%zz', {}],
    ['with more than 2 KiB of query', 400, 'malformed_request', 'get', `${POST}?${'x'.repeat(2049)}`, {}],
    ['with a body that is no JSON', 400, 'malformed_request', 'post', SEARCH, { body: '{' }],
    ['with no body', 415, 'unsupported_media_type', 'post', SEARCH, {}],
    ['with a body on a GET', 400, 'malformed_request', 'get', POST, { body: '{}' }],
    [
      'with a form',
      415,
      'unsupported_media_type',
      'post',
      SEARCH,
      { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [
      'with a compressed body',
      415,
      'unsupported_media_type',
      'post',
      SEARCH,
      { body: '{}', headers: { 'content-encoding': 'gzip' } },
    ],
    ['with an unknown path', 404, 'not_found', 'get', '/v1/open-platform/finder/posts/x', {}],
    ['with another method', 405, 'method_not_allowed', 'put', POST, { body: '{}' }],
    ['without a user, for an operation that acts for one', 400, 'user_required', 'get', OWN_POSTS, {}],
    [
      'with two users',
      400,
      'malformed_request',
      'post',
      '/v2/open-platform/addons/users/u',
      { body: '{}', headers: { 'x-divar-user-id': 'v' } },
    ],
    ['with an empty user', 400, 'malformed_request', 'get', OWN_POSTS, { headers: { 'x-divar-user-id': '' } }],
  ] as const)('%s: %i %s', async (_, status, code, method, path, asked) => {
    expect(await refusal(call(gateway, method, path, asked))).toEqual([status, code])
  })

  test.each([
    ['..', '/v1/open-platform/post/../x'],
    ['an empty segment', '/v1/open-platform/post//pricing'],
  ])('with %s that no client library sends', async (_, path) => {
    const head = [`GET ${path} HTTP/1.1`, 'host: 127.0.0.1', `x-api-key: ${KEYS.caller}`, 'connection: close']
    expect((await sendRaw(gateway.port, `${head.join('\r\n')}\r\n\r\n`)).slice(9, 12)).toBe('400')
    expect(divar.received).toEqual([])
  })

  test('and the refusal has the shape and the number that an SDK reads', async () => {
    const { status, text } = await call(gateway, 'get', OWN_POSTS)
    expect([status, problemIn(text)]).toMatchObject([400, { number: 3, code: 'user_required', status: 400 }])
  })

  test.each([
    ['/v1/open-platform/finder/posts/x', '/v1/open-platform/finder/post/{token}'],
    ['/v2/open-platform/conversation/c/messages', '/v2/open-platform/conversations/{conversation_id}/messages'],
    ['/v1/open-platform/assets/citi', '/v1/open-platform/assets/city'],
    [`/v1/open-platform/${'x/'.repeat(2000)}x`, '/'],
  ])('an unknown path is answered with the nearest known one: %.40s', async (path, nearest) => {
    const { text } = await call(gateway, 'get', path).expect(404)
    expect(problemIn(text).detail).toContain(`the nearest is ${nearest}`)
  })

  test('another method is answered with the allowed ones', async () => {
    const { headers } = await call(gateway, 'post', '/v1/open-platform/post/AZf3Uqr3', { body: '{}' }).expect(405)
    expect(headers['allow']).toBe('DELETE, PUT')
  })
})

test('the log, the metrics and nothing else have the name of the operation, never a path', async () => {
  const phone = '09351112233'
  const query = `phone=${phone}`
  await call(gateway, 'post', `/v2/open-platform/addons/user/${phone}?${query}`, {
    headers: TOKEN,
    body: { phone },
  }).expect(200)
  await gateway.loggedWhen((lines) => lines.some(({ operation }) => operation === 'Addons_CreateUserAddonV22'))
  expect(gateway.lines().find(({ operation }) => operation === 'Addons_CreateUserAddonV22')).toMatchObject({
    event: 'platform.called',
    caller: 'orders',
    status: 200,
    divar_status: 200,
  })
  const { text } = await call(gateway, 'get', '/metrics').expect(200)
  expect(text).toContain('kenar_platform_calls_total{operation="Addons_CreateUserAddonV22",outcome="2xx"} 1')
  expect(gateway.output() + text).not.toContain(phone)
})
