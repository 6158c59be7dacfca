import { createServer } from 'node:http'
import { beforeAll, beforeEach, expect, test } from '@jest/globals'
import { newTrace } from '../../src/observability/trace.ts'
import { createHost } from '../../src/outbound/host.ts'
import { createBreaker, createCallDivar, type Call } from '../../src/platform/call-divar.ts'
import { createMakeCall } from '../../src/platform/call.ts'
import { OPERATIONS } from '../../src/platform/operations.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { eventually } from '../support/outbox.ts'
import { call, problemIn, startAnyDivar, startPlatformGateway, type AnyDivar } from '../support/platform.ts'

const POST = '/v1/open-platform/finder/post/AZf3Uqr3'
const SEARCH = '/v2/open-platform/finder/post'

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

/** Holds back the answers to calls, of which `arrived` waits for `count`, until `release`. `most`: how many were there at once. Messages are answered. */
function holdBack(count: number) {
  const arrived = Promise.withResolvers<undefined>()
  const released = Promise.withResolvers<{ body: string }>()
  let [running, most] = [0, 0]
  divar.answerWith(async ({ path }) => {
    if (path.endsWith('/messages')) return { body: '{}' }
    running += 1
    most = Math.max(most, running)
    if (running === count) arrived.resolve(undefined)
    const answer = await released.promise
    running -= 1
    return answer
  })
  const release = () => {
    released.resolve({ body: '{"ok":true}' })
  }
  return { arrived: arrived.promise, release, most: () => most }
}

test('a caller has 16 calls running at once, and the next one is refused until one has ended', async () => {
  const { arrived, release } = holdBack(16)
  const running = Promise.all(Array.from({ length: 16 }, () => call(gateway, 'get', POST).expect(200)))
  await arrived
  const { status, text, headers } = await call(gateway, 'get', POST)
  expect([status, problemIn(text)]).toMatchObject([429, { number: 8, code: 'too_many_calls' }])
  expect(headers['retry-after']).toBe('1')
  release()
  await running
  await call(gateway, 'get', POST).expect(200)
})

test('32 calls of all callers go to Divar at once; further ones wait, and messages do not', async () => {
  const keys = ['orders', 'billing', 'crm'].map((name) => ({ name, key: `${name}-key-0123456789` }))
  const shared = await startPlatformGateway(divar, {
    INTERNAL_API_KEYS: keys.map(({ name, key }) => `${name}:${key}`).join(','),
    CALLER_PERMISSIONS: keys.map(({ name }) => `${name}=platform,send`).join(';'),
  })
  const { arrived, release, most } = holdBack(32)
  const callAs = (key: string) => call(shared, 'get', POST, { headers: { 'x-api-key': key } })
  const running = Promise.all(keys.flatMap(({ key }) => Array.from({ length: 16 }, () => callAs(key).expect(200))))
  await arrived
  // Each caller's 17th is refused, so all of their 48 calls are in the gateway.
  for (const { key } of keys) {
    const isFull = async () => ((await callAs(key)).status === 429 ? true : undefined)
    await eventually(isFull, 'all calls of the caller have come')
  }
  expect(divar.received).toHaveLength(32)
  const message = { conversation_id: 'c-1', message: 'goes at once' }
  const headers = { 'x-api-key': 'crm-key-0123456789', 'x-access-token': KEYS.token }
  await call(shared, 'post', '/messages', { headers, body: message }).expect(200)
  release()
  await running
  expect([divar.received.length, most()]).toEqual([49, 32])
})

test('a shutdown waits for a running call', async () => {
  const draining = await startPlatformGateway(divar)
  const { arrived, release } = holdBack(1)
  const running = call(draining, 'get', POST)
    .expect(200)
    .then(({ text }) => text)
  await arrived
  const stopped = draining.stop()
  release()
  expect([await running, await stopped]).toEqual(['{"ok":true}', true])
})

test('a call that breaks off is unknown, and is not repeated', async () => {
  let calls = 0
  const url = await originOf(
    createServer((request) => {
      calls += 1
      request.socket.destroy()
    }),
  )
  const broken = await startPlatformGateway({ url })
  const asked = [call(broken, 'post', SEARCH, { body: {} }), call(broken, 'get', POST)]
  const answers = await Promise.all(asked)
  expect(answers.map(({ status, text }) => [status, problemIn(text)])).toMatchObject([
    [504, { number: 2, code: 'unknown', retryable: false }],
    [504, { number: 2, code: 'unknown', retryable: true }],
  ])
  expect(calls).toBe(2)
})

test('after ten failures in a row calls are refused at once, and messages are not', async () => {
  const away = await startPlatformGateway({ url: 'http://127.0.0.1:9' })
  for (let failure = 0; failure < 10; failure += 1) {
    const { status, text } = await call(away, 'get', POST)
    expect([status, problemIn(text).code]).toEqual([502, 'not_sent'])
  }
  const { status, text } = await call(away, 'get', POST)
  expect([status, problemIn(text)]).toMatchObject([503, { number: 14, code: 'platform_unavailable' }])
  const { text: metrics } = await call(away, 'get', '/metrics')
  expect(metrics).toContain('kenar_breaker_state{host="http://127.0.0.1:9, platform calls"} 2')
  expect(metrics).toContain('kenar_breaker_state{host="http://127.0.0.1:9"} 0')
})

test('a call that Divar does not answer in time is unknown', async () => {
  divar.answerWith(() => undefined)
  const url = new URL(divar.url)
  const slow = createHost(url.origin, 1000)
  const breaker = createBreaker({ onChange: () => undefined })
  const callDivar = createCallDivar({ url, host: slow, breaker, apiKey: 'k', userAgent: 'u' })
  const [operation] = OPERATIONS
  if (operation === undefined) throw new Error('expected an operation')
  const asked: Call = { operation, path: operation.path, body: undefined }
  const outcome = await createMakeCall(callDivar, undefined, 50)(asked, { kind: 'app' }, newTrace())
  await slow.destroy()
  expect(outcome).toEqual({ kind: 'unknown', cause: 'remote', reason: 'timeout' })
})
