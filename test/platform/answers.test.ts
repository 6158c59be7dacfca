import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { call, problemIn, startAnyDivar, startPlatformGateway, type AnyDivar } from '../support/platform.ts'

const POST = '/v1/open-platform/finder/post/AZf3Uqr3'
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
})

describe("Divar's answer", () => {
  test('comes back with its status, body, content type and Retry-After, and without its other headers', async () => {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'retry-after': '7',
      'x-own': '1',
      'set-cookie': 'a=b',
    }
    divar.answerWith(() => ({ status: 429, headers, body: '{"code":8,"message":"کند","details":[]}' }))
    const response = await call(gateway, 'get', POST)
    expect(response.status).toBe(429)
    expect(response.text).toBe('{"code":8,"message":"کند","details":[]}')
    expect(response.headers).toMatchObject({ 'content-type': headers['content-type'], 'retry-after': '7' })
    expect(Object.keys(response.headers)).not.toEqual(expect.arrayContaining(['x-own']))
    expect(response.headers['set-cookie']).toBeUndefined()
  })

  test.each([201, 400, 403, 404, 412, 500, 503])('of status %i comes back as it is', async (status) => {
    divar.answerWith(() => ({ status, body: '{"code":5,"message":"m"}' }))
    await call(gateway, 'get', POST).expect(status, { code: 5, message: 'm' })
  })

  test('of status 204 comes back without a body', async () => {
    divar.answerWith(() => ({ status: 204, headers: {} }))
    const { status, text, headers } = await call(gateway, 'get', POST)
    expect([status, text, headers['content-type']]).toEqual([204, '', undefined])
  })

  test.each([
    [
      'a redirect',
      {
        status: 302,
        headers: { location: 'https://elsewhere.example', 'content-type': 'application/json' },
        body: '{}',
      },
    ],
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<p>' }],
    ['JSON under the name of a page', { headers: { 'content-type': 'text/html' }, body: '"<script>"' }],
    ['text that is no JSON', { body: '{"a":' }],
    ['nothing', { body: '' }],
    ['more than 4 MiB', { body: JSON.stringify('x'.repeat(4 * 1024 * 1024)) }],
  ])('is 502 if it is %s', async (_, answer) => {
    divar.answerWith(() => answer)
    const { status, text, headers } = await call(gateway, 'get', POST)
    expect([status, problemIn(text)]).toMatchObject([502, { number: 14, code: 'platform_error', retryable: true }])
    expect(headers['location']).toBeUndefined()
  })

  test.each([
    ['a redirect', { status: 307, body: '{}' }, /redirect/],
    ['a status that HTTP does not have', { status: 600, body: '{}' }, /status/],
    ['too large', { body: JSON.stringify('x'.repeat(4 * 1024 * 1024)) }, /larger than 4 MiB.*Ask for less/],
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<p>' }, /JSON/],
  ])('that is %s is a 502 that says so', async (_, answer, said) => {
    divar.answerWith(() => answer)
    const { text } = await call(gateway, 'get', POST).expect(502)
    expect(problemIn(text).detail).toMatch(said)
    expect(problemIn(text).detail).not.toContain('may have taken effect')
    const changed = await call(gateway, 'post', '/v2/open-platform/finder/post', { body: {} }).expect(502)
    expect(problemIn(changed.text).detail).toContain('The call may have taken effect.')
  })

  test('is passed on up to 4 MiB', async () => {
    const body = JSON.stringify('x'.repeat(4 * 1024 * 1024 - 2))
    divar.answerWith(() => ({ body }))
    const { text } = await call(gateway, 'get', POST).expect(200)
    expect(text).toHaveLength(body.length)
  })

  test("of status 401 is 403, since 401 is the gateway's own", async () => {
    divar.answerWith(() => ({ status: 401, body: '{}' }))
    for (const headers of [{}, TOKEN]) {
      const { status, text } = await call(gateway, 'get', POST, { headers })
      expect([status, problemIn(text)]).toMatchObject([403, { number: 7, code: 'token_refused' }])
    }
    expect(divar.received).toHaveLength(2)
  })

  test("never repeats the app's key or the token of the call", async () => {
    divar.answerWith(({ headers }) => ({
      status: 400,
      body: JSON.stringify({ message: `no: ${JSON.stringify(headers)}` }),
    }))
    const { text } = await call(gateway, 'get', OWN_POSTS, { headers: TOKEN }).expect(400)
    expect(text).toContain('***')
    expect(text).not.toContain(KEYS.divarApi)
    expect(text).not.toContain(KEYS.token)
  })
})
