import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { act, ACTION, jsonOf, startWithAction } from '../support/actions.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { ask } from '../support/outbox.ts'
import { startHeldService, startService } from '../support/resolvers.ts'

const SORRY = 'Please try again in a minute.'
const FAILED = { status: '500', message: 'The app could not answer this action.' }

describe('a dynamic action is refused', () => {
  test.each<[number, string, string | object, Record<string, string>]>([
    [400, 'without a touchpoint', { ...ACTION, touchpoint: undefined }, {}],
    [400, 'with an empty touchpoint', { ...ACTION, touchpoint: '' }, {}],
    [400, 'with a token that is too long', { ...ACTION, post_token: 'x'.repeat(11) }, {}],
    [400, 'that is no object', [ACTION], {}],
    [400, 'that is no JSON', '{', {}],
    [401, 'with a wrong key', ACTION, { authorization: 'wrong' }],
    [413, 'that is too large', { ...ACTION, extra_data: { x: 'x'.repeat(110_000) } }, {}],
    [415, 'of another type', ACTION, { 'content-type': 'text/plain' }],
  ])('%i: %s', async (status, _, body, headers) => {
    const gateway = await startWithAction("() => ({ text: 'ok' })", { ACTION_FALLBACK_TEXT: SORRY })
    const response = await act(gateway, body).set(headers)
    expect([response.status, jsonOf(response)]).toEqual([
      status,
      { status: String(status), message: expect.any(String) },
    ])
    expect(await gateway.logged('action.refused')).toMatchObject({ level: 'info', status })
  })

  test('405: with another method, in the same format', async () => {
    const gateway = await startTestGateway()
    const response = await supertest(gateway.url).get('/divar/action')
    expect([response.status, response.headers['allow'], jsonOf(response)]).toEqual([
      405,
      'POST',
      { status: '405', message: 'method: expected POST' },
    ])
  })

  test('501: when neither a module nor ACTION_URL answers it, but only with the key', async () => {
    const gateway = await startTestGateway()
    const response = await act(gateway, ACTION)
    expect([response.status, jsonOf(response)]).toEqual([
      501,
      { status: '501', message: 'This app answers no dynamic actions.' },
    ])
    expect(await gateway.logged('action.refused')).toMatchObject({ level: 'info', code: 'action_unavailable' })
    expect((await act(gateway, ACTION).set('authorization', 'wrong')).status).toBe(401)
  })
})

const FAILING: [string, string, string | RegExp][] = [
  ['throws', '() => { throw new TypeError("CANARY") }', 'the dynamic action threw'],
  ['rejects', 'async () => { throw "CANARY" }', 'the dynamic action threw'],
  [
    'answers nothing',
    '() => {}',
    /answer is wrong: expected an object \{url: ...\}, \{data: ...\} or \{text: ...\}, got undefined/,
  ],
  ['answers an empty object', '() => ({})', 'the dynamic action answered nothing; expected url, data or text'],
  [
    'answers an empty text',
    '() => ({ text: "" })',
    "the dynamic action's answer is wrong: text: expected a string of 1 to 1000 characters",
  ],
  ['answers a long text', '() => ({ text: "x".repeat(1001) })', /text: expected a string of 1 to 1000 characters/],
  [
    'answers a number',
    '() => ({ text: 7, url: "https://app.example.com/" })',
    /text: expected a string of 1 to 1000 characters/,
  ],
  ['answers NUL', '() => ({ text: "a\\0b" })', "the dynamic action's text: a string holds a NUL character"],
  [
    'answers half of a surrogate pair',
    '() => ({ data: { a: "\\ud83d" } })',
    "the dynamic action's data: a string holds half of a surrogate pair",
  ],
  [
    'answers a URL and data',
    '() => ({ url: "https://app.example.com/", data: {} })',
    'the dynamic action answered both url and data; expected one of them',
  ],
  ['answers http', '() => ({ url: "http://app.example.com/CANARY" })', /url is http, which is for loopback only/],
  ['leaves the allowed origins', '() => ({ url: "https://evil.example/" })', /url is not on LANDING_ALLOWED_ORIGINS/],
  ['answers a list as data', '() => ({ data: [] })', "the dynamic action's data is not an object"],
  [
    'answers data that JSON cannot express',
    '() => ({ data: { a: 1n } })',
    "the dynamic action's data cannot be written as JSON",
  ],
  ['answers a function as data', '() => ({ data: () => 1 })', "the dynamic action's data cannot be written as JSON"],
  ['answers too much data', '() => ({ data: { a: "x".repeat(66000) } })', /data is longer than 65536 characters/],
  ['answers what cannot be read', '() => ({ get text() { throw new Error("CANARY") } })', /failed/],
  ['is late', '() => new Promise(() => {})', 'the dynamic action missed its deadline of 200 ms'],
]
const LIMITS = { RESOLVER_TIMEOUT_MS: '200', LANDING_ALLOWED_ORIGINS: 'https://app.example.com' }

describe('500: the function', () => {
  test.each(FAILING)('%s', async (_, code, reason) => {
    const gateway = await startWithAction(code, LIMITS)
    const response = await act(gateway, ACTION)
    expect([response.status, jsonOf(response)]).toEqual([500, FAILED])
    expect(await gateway.logged('action.refused')).toMatchObject({
      level: 'error',
      code: 'action_failed',
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    })
    expect(gateway.output()).not.toContain('CANARY')
  })

  test.each([
    ['answers 500', '500', 'ACTION_URL answered 500, expected 200'],
    ['answers no JSON', '200', 'ACTION_URL answered no well-formed JSON'],
  ])('of a service that %s', async (_, status, reason) => {
    const url = await startService((_request, response) => response.writeHead(Number(status)).end('CANARY'))
    const gateway = await startTestGateway({ ACTION_URL: url, RESOLVER_SECRET: 's3cret' })
    expect((await act(gateway, ACTION)).status).toBe(500)
    expect(await gateway.logged('action.refused')).toMatchObject({ code: 'action_failed', reason })
    expect(gateway.output()).not.toContain('CANARY')
  })
})

describe('with ACTION_FALLBACK_TEXT', () => {
  test.each(FAILING)('a user reads it when the function %s', async (_, code) => {
    const gateway = await startWithAction(code, { ...LIMITS, ACTION_FALLBACK_TEXT: SORRY })
    const response = await act(gateway, ACTION)
    expect([response.status, jsonOf(response)]).toEqual([200, { text_message: SORRY }])
    expect(await gateway.logged('action.fell_back')).toMatchObject({ level: 'error', reason: expect.any(String) })
    expect((await ask(gateway, '/metrics')).text).toContain('kenar_actions_total{outcome="fell_back"} 1\n')
  })
})

describe('above MAX_RUNNING_CLICKS', () => {
  test.each([
    [undefined, 503, { status: '503', message: 'This app takes no more actions just now.' }],
    [SORRY, 200, { text_message: SORRY }],
  ])('a dynamic action gets the fallback (%s) at once, and clicks still get theirs', async (fallback, status, body) => {
    const { url, asked, letGo } = await startHeldService('{"text":"ok"}')
    const gateway = await startTestGateway({
      ACTION_URL: url,
      RESOLVER_SECRET: 's3cret',
      RESOLVER_TIMEOUT_MS: '30000',
      MAX_RUNNING_CLICKS: '1',
      ...(fallback !== undefined && { ACTION_FALLBACK_TEXT: fallback }),
    })
    const first = act(gateway, ACTION).then((response) => response)
    await asked
    const second = await act(gateway, ACTION)
    expect([second.status, jsonOf(second)]).toEqual([status, body])
    expect(second.headers['retry-after']).toBe(fallback === undefined ? '1' : undefined)
    expect(await gateway.logged('action.shed')).toMatchObject({ level: 'error', reason: '1 actions are running' })
    const landing = await supertest(gateway.url)
      .post('/divar/session')
      .set({ authorization: KEYS.identification, 'content-type': 'application/json' })
      .send('{"post_token":"p","user_id":"u","peer_id":"q"}')
    expect(landing.status).toBe(200)
    letGo()
    expect(jsonOf(await first)).toEqual({ text_message: 'ok' })
  })
})

describe('the start stops', () => {
  test('when ACTION_URL has no RESOLVER_SECRET', async () => {
    await expect(startTestGateway({ ACTION_URL: 'http://actions.internal/' })).rejects.toThrow(
      'RESOLVER_SECRET: ACTION_URL needs it',
    )
  })

  test('when dynamicAction is not a function', async () => {
    await expect(startWithAction('{ text: 1 }')).rejects.toThrow(
      'expected dynamicAction to be a function (request, context) => answer',
    )
  })

  test('when ACTION_FALLBACK_TEXT is too long', async () => {
    await expect(startTestGateway({ ACTION_FALLBACK_TEXT: 'x'.repeat(1001) })).resolves.toBeDefined()
    await expect(startWithAction("() => ({ text: 'ok' })", { ACTION_FALLBACK_TEXT: 'x'.repeat(1001) })).rejects.toThrow(
      'ACTION_FALLBACK_TEXT: expected a text of at most 1000 characters',
    )
  })
})
