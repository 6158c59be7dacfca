import * as z from 'zod'
import { askRaw } from './ask-raw.ts'
import { call, readJson, type Call, type Reply } from './call.ts'
import { bodyOf, JSON_HEADERS, TOO_MANY_WRONG_KEYS, type Check, type CheckedGateway } from './doctor-check.ts'
import { subscriptions } from './doctor-subscriptions.ts'
import { actions, events } from './doctor-actions-events.ts'

const goodV1 = () => JSON.stringify(bodyOf('v1-button'))
const BUDGET_MS = 2000

/** Checks a refusal of the session route: its three members, the same status in head and body, no url. */
function judgeRefusal({ status, body }: Reply, expected: number, key = ''): string | undefined {
  if (status === 429) return TOO_MANY_WRONG_KEYS
  if (status !== expected) return `answered ${status}, expected ${expected}`
  const answer = refusalShape.safeParse(readJson(body)).data
  if (answer === undefined) return 'the answer lacks one of the three keys status, message, url'
  if (answer.status !== String(expected)) return `the status in the answer is ${answer.status}, expected "${expected}"`
  if (answer.url !== '') return 'a refusal has a url'
  if (key !== '' && body.includes(key)) return 'the answer repeats the key'
  if (/\bat .+:\d+:\d+|node_modules/.test(body)) return 'the answer shows a stack'
  return undefined
}

const refusalShape = z.object({ status: z.string(), message: z.string().min(1), url: z.string() })

function post({ sessionUrl }: CheckedGateway, key: string | undefined, change: Call = {}): Promise<Reply> {
  const headers = { ...JSON_HEADERS, ...(key !== undefined && { authorization: key }), ...change.headers }
  return call(sessionUrl, { body: goodV1(), ...change, headers })
}

/** Variants of the right key. */
const WRONG_KEYS: [string, (key: string) => string][] = [
  ['with one more character', (key) => `${key}x`],
  ['with one less', (key) => key.slice(0, -1)],
  ['with another last character', (key) => key.slice(0, -1) + (key.endsWith('x') ? 'y' : 'x')],
  ['in another case', (key) => (key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase())],
  ['with Bearer in front', (key) => `Bearer ${key}`],
]

const wrongKeys: Check[] = [
  {
    name: 'a click without a key is refused',
    needsKey: false,
    run: async (gateway) => judgeRefusal(await post(gateway, undefined), 401),
  },
  {
    name: 'a click with an empty key is refused',
    needsKey: false,
    run: async (gateway) => judgeRefusal(await post(gateway, ''), 401),
  },
  {
    name: 'a click with a wrong key is refused',
    needsKey: false,
    run: async (gateway) => judgeRefusal(await post(gateway, 'surely-not-the-key'), 401, 'surely-not-the-key'),
  },
  ...WRONG_KEYS.map(([name, change]) => ({
    name: `a click with the key ${name} is refused`,
    needsKey: true,
    run: async (gateway: CheckedGateway) => {
      const changed = change(gateway.key ?? '')
      // A key without letters is the same in both cases.
      return changed === gateway.key ? undefined : judgeRefusal(await post(gateway, changed), 401, gateway.key)
    },
  })),
]

/** Bodies that are not a click. */
const BAD_BODIES: [string, string | Uint8Array][] = [
  ['that is empty', ''],
  ['that is cut short', goodV1().slice(0, -5)],
  ['that is an array', `[${goodV1()}]`],
  ['with bad UTF-8', Buffer.concat([Buffer.from('{"post_token":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
  ['with NUL in a string', JSON.stringify({ ...bodyOf('v1-button'), user_id: 'a\u0000b' })],
  ['with half a surrogate pair', JSON.stringify({ ...bodyOf('v1-button'), user_id: '?' }).replace('?', '\\ud800')],
  ['nested too deeply', `{"extra_data":${'['.repeat(70)}${']'.repeat(70)}}`],
  ['without a user', JSON.stringify({ ...bodyOf('v1-button'), user_id: undefined })],
  [
    'with an invalid location',
    JSON.stringify({ ...bodyOf('v1-button'), extra_data: { location: { latitude: 'x', longitude: 1 } } }),
  ],
]

const badRequests: Check[] = [
  ...BAD_BODIES.map(([name, body]) => ({
    name: `a body ${name} is refused`,
    needsKey: true,
    run: async (gateway: CheckedGateway) => judgeRefusal(await post(gateway, gateway.key, { body }), 400, gateway.key),
  })),
  ...['0', '3', '2.0', 'banana', '1, 2'].map((version) => ({
    name: `API-Version ${version} is refused`,
    needsKey: true,
    run: async (gateway: CheckedGateway) =>
      judgeRefusal(await post(gateway, gateway.key, { headers: { 'api-version': version } }), 400, gateway.key),
  })),
  {
    name: 'a body of another type is refused',
    needsKey: true,
    run: async (gateway) =>
      judgeRefusal(await post(gateway, gateway.key, { headers: { 'content-type': 'text/plain' } }), 415),
  },
  {
    name: 'a body of 200 KB is refused',
    needsKey: true,
    run: async (gateway) =>
      judgeRefusal(await post(gateway, gateway.key, { body: JSON.stringify({ x: 'x'.repeat(200_000) }) }), 413),
  },
  {
    name: 'another method is refused',
    needsKey: true,
    run: async ({ sessionUrl, key = '' }) =>
      judgeRefusal(await call(sessionUrl, { method: 'GET', headers: { authorization: key } }), 405),
  },
]

const goodClicks: Check[] = (['v1', 'v2'] as const).map((wire) => ({
  name: `a good ${wire} click gets a landing within ${BUDGET_MS} ms, with no-store`,
  needsKey: true,
  run: async (gateway: CheckedGateway) => {
    const body = JSON.stringify(bodyOf(`${wire}-button`))
    const {
      status,
      headers,
      body: text,
      ms,
    } = await post(gateway, gateway.key, {
      body,
      ...(wire === 'v2' && { headers: { 'api-version': '2' } }),
    })
    const url = landingShape.safeParse(readJson(text)).data?.url
    if (status !== 200 || url === undefined) return `answered ${status}; the gateway's log says why: click.refused`
    if (!/^https:\/\/|^http:\/\/(?:localhost|127\.|\[::1\])/.test(url)) return 'the landing is not an https URL'
    if (ms > BUDGET_MS) return `took ${ms} ms`
    if (!String(headers['cache-control']).includes('no-store')) return 'the answer lacks cache-control: no-store'
    return headers['x-powered-by'] === undefined ? undefined : 'the answer has x-powered-by'
  },
}))

const landingShape = z.object({ url: z.string() })

/** Requests that two servers could parse differently, written byte by byte. */
const smuggled: Check[] = [
  ['with two lengths', 'content-length: 5\r\ncontent-length: 6\r\n\r\nhello'],
  ['with a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
].map(([name = '', rest = '']) => ({
  name: `a request ${name} is refused`,
  needsKey: false,
  run: async ({ sessionUrl }: CheckedGateway) => {
    const { hostname, pathname, protocol } = sessionUrl
    if (protocol === 'https:') return undefined
    const first = await askRaw(sessionUrl, `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\n${rest}`)
    return /^HTTP\/1\.1 4\d\d /.test(first) ? undefined : `answered ${first.slice(0, 20) || 'nothing'}`
  },
}))

/** Routes for the company's services: 401 for a wrong key, or 404 on a public port that does not have them. */
const internal: Check[] = [
  ['POST', '/messages', undefined],
  ['POST', '/messages', 'not-a-key-of-any-caller'],
  ['GET', '/metrics', undefined],
].map(([method, path = '', key]) => ({
  name: `${String(method)} ${path} ${key === undefined ? 'without a key' : 'with a wrong key'} is refused`,
  needsKey: false,
  run: async ({ target }: CheckedGateway) => {
    const { status, body } = await call(target.at(path), {
      method: method === 'GET' ? 'GET' : 'POST',
      headers: { ...JSON_HEADERS, ...(key !== undefined && { 'x-api-key': key }) },
      ...(method === 'POST' && { body: '{}' }),
    })
    if (status === 429) return TOO_MANY_WRONG_KEYS
    if (status !== 401 && status !== 404) return `answered ${status}, expected 401, or 404 on a public port of its own`
    return key !== undefined && body.includes(key) ? 'the answer repeats the key' : undefined
  },
}))

const probes: Check[] = ['/healthz', '/readyz'].map((path) => ({
  name: `${path} answers 200`,
  needsKey: false,
  run: async ({ target }: CheckedGateway) => {
    const { status } = await call(target.at(path), { method: 'GET' })
    return status === 200 ? undefined : `answered ${status}`
  },
}))

export const CHECKS: readonly Check[] = [
  ...probes,
  subscriptions,
  ...wrongKeys,
  ...badRequests,
  ...goodClicks,
  ...actions,
  ...events,
  ...smuggled,
  ...internal,
]
