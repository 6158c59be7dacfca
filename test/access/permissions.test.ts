import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { PERMISSIONS } from '../../src/access/authentication.ts'
import { startConsentGateway } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { V1_PATH, V2 } from '../support/messages.ts'
import { readDocument, type ApiDocument } from '../support/reference.ts'
import { parseJson } from '../support/requests.ts'
import { methodOf, routesOf, type TestRoute } from '../support/routes.ts'

const keyOf = (caller: string) => `key-of-caller-${caller}`
/** What each caller may do: nothing, one thing, everything but one, everything. */
const CALLERS = new Map<string, readonly string[]>([
  ['nothing', []],
  ...PERMISSIONS.map((word): [string, string[]] => [word, [word]]),
  ...PERMISSIONS.map((word): [string, string[]] => [`not-${word}`, PERMISSIONS.filter((other) => other !== word)]),
  ['everything', PERMISSIONS],
])
const CALLER_ENVIRONMENT = {
  INTERNAL_API_KEYS: Array.from(CALLERS.keys(), (caller) => `${caller}:${keyOf(caller)}`).join(','),
  CALLER_PERMISSIONS: Array.from(CALLERS, ([caller, words]) => `${caller}=${words.join(',')}`).join(';'),
}

const starts: [string, () => Promise<TestGateway>][] = [
  ['no store', () => startTestGateway(CALLER_ENVIRONMENT)],
  ['a store', async () => startTestGateway({ ...(await withStore('sqlite')), ...CALLER_ENVIRONMENT })],
  ['consent', () => startConsentGateway({}, CALLER_ENVIRONMENT)],
]

let document: ApiDocument
beforeAll(async () => {
  document = await readDocument()
})

/** The alternatives that the reference documents, each with all its roles; undefined for routes that take no caller's key. */
function rolesOf({ method, path }: TestRoute): string[][] | undefined {
  const documented = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method]
  if (documented === undefined) throw new Error(`${method} ${path} is not documented`)
  const isService = documented.security.length > 0 && documented.security.every((one) => 'gatewayKey' in one)
  return isService ? documented.security.map(({ gatewayKey = [] }) => gatewayKey) : undefined
}

const problem = z.looseObject({ code: z.string(), permission: z.string().optional() })
const problemOnAnyPath = z.union([
  z.looseObject({ details: z.tuple([problem]) }).transform(({ details: [one] }) => one),
  problem,
])

/** The permission that a caller is told to lack. The body is one that no route could read, so that nothing happens where it is allowed. */
async function missingPermission(gateway: TestGateway, { method, path }: TestRoute, caller: string) {
  const request = supertest(gateway.url)
  const concrete = path.replaceAll(/:\w+/g, 'x')
  const { status, text } = await request[methodOf.parse(method)](concrete)
    .set('x-api-key', keyOf(caller))
    .set('content-type', 'text/plain')
    .send('{')
  const refused = status < 400 ? undefined : problemOnAnyPath.safeParse(JSON.parse(text)).data
  return refused?.code === 'not_allowed' ? { status, permission: refused.permission } : undefined
}

describe.each(starts)('with %s', (_, start) => {
  test('every route of services refuses a caller without its permission, and no other caller', async () => {
    const started: TestGateway[] = []
    const routes = await routesOf(async () => started.push(await start()))
    const [gateway] = started
    if (gateway === undefined) throw new Error('expected a gateway')
    const ofServices = routes.filter((route) => rolesOf(route) !== undefined)
    expect(ofServices.length).toBeGreaterThan(8)
    for (const route of ofServices) {
      const alternatives = rolesOf(route) ?? []
      const lacking = Array.from(CALLERS.values(), (words) => {
        const lacks = alternatives.map((roles) => roles.find((word) => !words.includes(word)))
        return lacks.includes(undefined) ? undefined : { status: 403, permission: lacks[0] }
      })
      const found = await Promise.all(Array.from(CALLERS.keys(), (caller) => missingPermission(gateway, route, caller)))
      expect([route.method, route.path, ...found]).toEqual([route.method, route.path, ...lacking])
    }
  })
})

test('a caller without any permission reads the metrics and the documentation', async () => {
  const gateway = await startTestGateway(CALLER_ENVIRONMENT)
  for (const path of ['/metrics', '/openapi.json', '/docs'])
    await supertest(gateway.url).get(path).set('x-api-key', keyOf('nothing')).expect(200)
})

test('without CALLER_PERMISSIONS every caller may send, ask for consent, and read users and clicks, and none may do more', async () => {
  const gateway = await startConsentGateway({})
  const status = async (path: string) => (await supertest(gateway.url).get(path).set('x-api-key', KEYS.caller)).status
  expect(await Promise.all(['/messages', '/grants?user_id=u', '/clicks/x'].map(status))).toEqual([200, 200, 404])
  const { text } = await supertest(gateway.url).get('/users/u').set('x-api-key', KEYS.caller)
  expect(parseJson(text)).toMatchObject({ code: 'consent_required' })
  expect(await Promise.all(['/subscriptions', '/v1/open-platform/assets/city'].map(status))).toEqual([403, 403])
  const erasure = await supertest(gateway.url).delete('/users/u').set('x-api-key', KEYS.caller)
  expect([erasure.status, parseJson(erasure.text)['permission']]).toEqual([403, 'operate'])
})

test('a platform call that tells who a user is needs both platform and users', async () => {
  const gateway = await startTestGateway({
    ...CALLER_ENVIRONMENT,
    CALLER_PERMISSIONS: CALLER_ENVIRONMENT.CALLER_PERMISSIONS.replace('clicks=clicks', 'clicks=platform,users'),
  })
  const ask = (method: 'get' | 'post', path: string, caller: string) =>
    supertest(gateway.url)[method](`/v1/open-platform/${path}`).set('x-api-key', keyOf(caller)).send()
  for (const [method, path] of [
    ['get', 'users'],
    ['post', 'users'],
    ['post', 'get-user-id-by-phone'],
  ] as const) {
    expect((await ask(method, path, 'platform').expect(403)).text).toContain('"permission":"users"')
    expect((await ask(method, path, 'users').expect(403)).text).toContain('"permission":"platform"')
    expect((await ask(method, path, 'clicks')).text).not.toContain('not_allowed')
  }
})

test("a refusal names the permission, on the platform's own paths in the platform's format", async () => {
  const gateway = await startTestGateway(CALLER_ENVIRONMENT)
  const refused = (path: string) => supertest(gateway.url).post(path).set('x-api-key', keyOf('users')).send(V2)
  const plain = (await refused('/messages').expect(403)).text
  expect(parseJson(plain)).toMatchObject({ code: 'not_allowed', permission: 'send', status: 403 })
  const shaped = (await refused(V1_PATH).expect(403)).text
  expect(parseJson(shaped)).toMatchObject({
    code: 7,
    details: [{ '@type': 'kenar/problem', code: 'not_allowed', permission: 'send' }],
  })
})

describe("another caller's message", () => {
  let gateway: TestGateway
  let id: string
  const ask = (method: 'get' | 'post', path: string, caller: string) =>
    supertest(gateway.url)[method](path).set('x-api-key', keyOf(caller))
  beforeAll(async () => {
    gateway = await startTestGateway({
      ...(await withStore('sqlite')),
      INTERNAL_API_KEYS: ['orders', 'crm', 'ops'].map((caller) => `${caller}:${keyOf(caller)}`).join(','),
      CALLER_PERMISSIONS: 'orders = send; crm = send, users; ops = operate',
    })
    // A limit at Divar makes what is queued wait.
    gateway.divar.misbehave({ kind: 'answer', status: 429, body: '{}', headers: { 'retry-after': '3600' } })
    const send = () => ask('post', '/messages', 'orders').set('x-access-token', KEYS.token)
    await send().send(V2).expect(429)
    const { text } = await send().set('prefer', 'respond-async').send(V2).expect(202)
    id = String(parseJson(text)['id'])
  })

  test('cannot be seen, retried or cancelled by a caller that may only send', async () => {
    await ask('get', `/messages/${id}`, 'crm').expect(404)
    await ask('post', `/messages/${id}/retry`, 'crm').expect(404)
    await ask('post', `/messages/${id}/cancel`, 'crm').expect(404)
  })

  test('can be seen, retried and cancelled by a caller that may operate, which cannot send', async () => {
    await ask('post', '/messages', 'ops').send(V2).expect(403)
    const { text } = await ask('get', `/messages/${id}`, 'ops').expect(200)
    expect(parseJson(text)).toMatchObject({ id, state: 'queued' })
    await ask('post', `/messages/${id}/retry`, 'ops').expect(202)
    await ask('post', `/messages/${id}/cancel`, 'ops').expect(200)
    const { text: seen } = await ask('get', `/messages/${id}`, 'orders').expect(200)
    expect(parseJson(seen)).toMatchObject({ id, state: 'cancelled' })
    await ask('get', '/messages/msg_unknown', 'ops').expect(404)
  })
})

test('a caller with two keys is one caller: either key sees what was sent with the other', async () => {
  const [first, second] = [keyOf('first'), keyOf('second')]
  const gateway = await startTestGateway({
    ...(await withStore('sqlite')),
    INTERNAL_API_KEYS: `orders:${first},orders:${second}`,
  })
  const { text } = await supertest(gateway.url)
    .post('/messages')
    .set({ 'x-api-key': first, 'x-access-token': KEYS.token, prefer: 'respond-async' })
    .send(V2)
    .expect(202)
  const path = `/messages/${String(parseJson(text)['id'])}`
  await supertest(gateway.url).get(path).set('x-api-key', second).expect(200)
})
