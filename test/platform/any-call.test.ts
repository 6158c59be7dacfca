import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Agent } from 'undici'
import { OPERATIONS, type Operation } from '../../src/platform/operations.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { pathOf, problemIn, startAnyDivar, startPlatformGateway, type AnyDivar } from '../support/platform.ts'
import { sendRaw } from '../support/requests.ts'

/** Fewer than a caller may have running at once. */
const AT_ONCE = 8

let divar: AnyDivar
let gateway: TestGateway
beforeAll(async () => {
  divar = await startAnyDivar()
  gateway = await startPlatformGateway(divar, { LOG_LEVEL: 'warn' })
})
beforeEach(() => {
  divar.received.length = 0
  divar.answerWith()
})

const dispatcher = new Agent({ connections: AT_ONCE })
afterAll(() => dispatcher.close())

const awkward = fc.constantFrom(
  '', '.', '..', '%', '%zz', '%00', '%2e%2e', '%2F', '%c0%ae', '%ud800', '/', '//', '/../', '?', '#', ';', ' ', '\t', '\0', ':a', '{token}',
  '*', '\\', '"', '<', 'ä', '۱۲۳', '__proto__', '09120000000', 'a'.repeat(3000), '%D8%A7', 'http://127.0.0.1/', '@', '+', '=', '&&', '[]',
) // prettier-ignore
const anyText = fc.oneof(awkward, fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w-]{1,12}$/))
const segment = fc.oneof(anyText.map(encoded), anyText, fc.stringMatching(/^[\w-]{1,12}$/))
const bodyBytes = fc.oneof(
  fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
  fc.constantFrom('', '{', '{"a":1}', '[1]', 'null', '"\\u0000"', '{"a":"\\ud800"}', '['.repeat(100), '{"__proto__":{"a":1}}').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
) // prettier-ignore
const headerName = fc.constantFrom(
  'content-type', 'x-divar-user-id', 'x-access-token', 'authorization', 'content-encoding', 'accept', 'expect', 'api-version', 'prefer', 'idempotency-key', 'traceparent',
) // prettier-ignore
const headerValue = fc.oneof(
  fc.constantFrom('', 'application/json', 'text/plain', 'application/json; charset=latin1', 'gzip', 'Bearer', 'Bearer x', 'a, b', '100-continue', 'u-1'),
  fc.string({ unit: 'binary' }),
) // prettier-ignore

/** A call of a published operation, near enough to be made or far from it. */
const calls = fc.record({
  operation: fc.constantFrom(...OPERATIONS),
  method: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.constantFrom('GET', 'PATCH', 'HEAD', 'OPTIONS')),
  segments: fc.array(segment, { minLength: 4, maxLength: 4 }),
  tail: fc.oneof({ weight: 9, arbitrary: fc.constant('') }, segment.map((text) => `/${text}`)),
  query: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, fc.oneof(anyText, anyText.map(encoded)).map((text) => `?${text}`)),
  body: fc.option(bodyBytes, { nil: undefined }),
  hasToken: fc.boolean(),
  isJson: fc.boolean(),
  headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, fc.dictionary(headerName, headerValue, { maxKeys: 3 })),
}) // prettier-ignore
type AnyCall = typeof calls extends fc.Arbitrary<infer Value> ? Value : never

test('500 odd calls of its operations are answered, but never with an error of the gateway itself', async () => {
  const statuses = await eachOf(fc.sample(calls, 500), statusOf)
  for (const status of statuses) expect([0, ...USUAL]).toContain(status)
  const times = Map.groupBy(statuses, (status) => status)
  // Most of what cannot be parsed as HTTP gets 400; a few connections are closed without an answer.
  expect(times.get(0)?.length ?? 0).toBeLessThan(25)
  expect(times.get(200)?.length).toBeGreaterThan(25)
  expect(times.get(200)?.length).toBe(divar.received.length)
  expect(times.get(400)?.length).toBeGreaterThan(100)
  for (const { path } of divar.received) expect(path).toMatch(/^\/(?:v\d|experimental)\/open-platform\/[\x21-\x7e]+$/)
})

test("500 odd answers of Divar's come back as they are, or as one of the documented errors", async () => {
  const [operation] = OPERATIONS.filter(({ method, scopes }) => method === 'GET' && scopes.length === 0)
  if (operation === undefined) throw new Error('expected an operation without a user')
  const path = pathOf(operation, () => 'AZf3Uqr3')
  const odd = fc.sample(answers, 500)
  divar.answerWith((arrived) => odd[Number(arrived.path.split('?')[1])])
  await eachOf([...odd.entries()], async ([number, { status, body }]) => {
    const answer = await dispatcher.request({
      origin: gateway.internalUrl,
      path: `${path}?${number}`,
      method: 'GET',
      headers: { 'x-api-key': KEYS.caller },
    })
    const text = await answer.body.text()
    const whole = status === 204 ? '' : body.toString()
    if (answer.statusCode === status && text === whole) return
    expect([403, 502, 503]).toContain(answer.statusCode)
    expect(problemIn(text)).toMatchObject({ status: answer.statusCode })
  })
})

const USUAL = [200, 400, 403, 404, 405, 413, 414, 415, 417, 431]

const jsonTypes = ['application/json', 'application/problem+json', 'application/json; charset=utf-8']
const answers = fc.record({
  // Never one of those that open the breaker, which other tests look at.
  status: fc.constantFrom(200, 201, 202, 204, 206, 299, 300, 302, 304, 400, 401, 402, 404, 409, 418, 422, 429, 451, 499, 504, 511),
  headers: fc.record({
    'content-type': fc.constantFrom(...jsonTypes, 'text/html', 'application/jsonx', '', 'application/json\t;\t"', 'a/b'),
    'retry-after': fc.constantFrom('1', '-1', '1e9', 'soon', '', '99999999999999999999', 'Wed, 21 Oct 2015 07:28:00 GMT'),
  }),
  body: fc.oneof(bodyBytes, fc.constant(Buffer.from('{"a":"\\ud83d"}'))),
}) // prettier-ignore

function encoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

/** The status of the answer to a call, written as it is onto a socket; 0 when the connection was closed without one. */
async function statusOf(one: AnyCall): Promise<number> {
  const { operation, body, hasToken, isJson, query, tail } = one
  const method = one.method ?? operation.method
  const headers = [
    'host: 127.0.0.1',
    `x-api-key: ${KEYS.caller}`,
    'connection: close',
    ...(hasToken ? [`x-access-token: ${KEYS.token}`] : []),
    ...(isJson ? ['content-type: application/json'] : []),
    ...Object.entries(one.headers).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, '')}`),
    ...(body === undefined ? [] : [`content-length: ${body.length}`]),
  ]
  const target = `${rawPathOf(operation, one.segments)}${tail}${query}`.replaceAll(/[\r\n]/g, '')
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1')
  const answer = await sendRaw(gateway.port, Buffer.concat([head, body ?? Buffer.alloc(0)]))
  // An informational answer may come first.
  return Number(/^HTTP\/1\.1 ([2-9]\d\d)/m.exec(answer)?.[1] ?? 0)
}

function rawPathOf({ path }: Operation, segments: readonly string[]): string {
  let at = 0
  return path.replaceAll(/\{\w+\}/g, () => segments[at++ % segments.length] ?? '')
}

async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))))
  }
  return results
}
