import { beforeAll, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { OPERATIONS, type Operation } from '../../src/platform/operations.ts'
import { startCollector, type TestCollector } from '../support/collector.ts'
import { KEYS } from '../support/gateway.ts'
import { marked, unicodeEscapes } from '../support/marked-values.ts'
import { metricsOf } from '../support/metrics.ts'
import { call, pathOf, startWithGrants } from '../support/platform.ts'

const CANARY = 'CANARY0912'
const PHONE = '09351112233'
const GRANTED = 'ory_at_of-the-grant'
/** Fewer than a caller may have running at once. */
const AT_ONCE = 12
const USER_ADDON = 'Addons_CreateUserAddonV22'

let collector: TestCollector
let started: Awaited<ReturnType<typeof startWithGrants>>
beforeAll(async () => {
  collector = await startCollector()
  started = await startWithGrants(
    [{ userId: CANARY, scopes: ['USER_POSTS_GET', 'USER_ADDON_CREATE'], accessToken: GRANTED }],
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'debug' },
  )
})

test('neither the key nor the token comes back in an answer of Divar, however JSON writes it, and all else stays as it is', async () => {
  const { divar, gateway } = started
  const token = 'ory_at_a/b+c=="d\\e'
  const answerAs = (text: string, more: string) =>
    `{ "id": 12345678901234567890, "url":"\\/x\\u0633", "${text}": ["${text}${more}", {"m":"no ${text}, ${text}"}] }`
  const ask = async (body: string, headers: Record<string, string>) => {
    divar.answerWith(() => ({ status: 400, body }))
    const more = { 'x-divar-user-id': CANARY, ...headers }
    return (await call(gateway, 'get', '/v1/open-platform/finder/user-posts', { headers: more })).text
  }
  for (const [secret, headers] of [
    [KEYS.divarApi, {}],
    [GRANTED, {}],
    [token, { 'x-access-token': token }],
  ] as const) {
    const plain = JSON.stringify(secret).slice(1, -1)
    for (const form of [plain, plain.replaceAll('/', '\\/'), unicodeEscapes(secret)]) {
      expect(await ask(answerAs(form, '\\u0633'), headers)).toBe(answerAs('***', 'س'))
    }
  }
  const clean = answerAs('a\\nb', '\\u0633')
  expect(await ask(clean, {})).toBe(clean)
})

test('nothing of a platform call but the name of its operation is logged, counted or traced', async () => {
  const { divar, gateway } = started
  const statuses = new Set<number>()
  const keep = ({ status }: { status: number }) => statuses.add(status)
  const planted = {
    'x-divar-user-id': CANARY,
    'x-request-id': `${CANARY} is no id`,
    'user-agent': CANARY,
    cookie: CANARY,
    'x-forwarded-for': CANARY,
    tracestate: `${CANARY.toLowerCase()}=1`,
  }
  const token = { 'x-access-token': `${KEYS.token}-${CANARY}` }
  const told = JSON.stringify({ code: 5, message: CANARY, details: [{ phone: PHONE, key: KEYS.divarApi }] })
  const answers = [{ body: told }, { status: 400, body: told }, { status: 502, body: told }, { body: CANARY }]

  let answered = 0
  divar.answerWith(() => answers[(answered += 1) % answers.length])
  const callOnce = async (operation: Operation, index: number) => {
    const path = `${pathOf(operation, (name) => (name === 'phone' ? PHONE : CANARY))}?q=${CANARY}&phone=${PHONE}`
    const method = ({ GET: 'get', POST: 'post', PUT: 'put', DELETE: 'delete' } as const)[operation.method]
    const body = operation.body ? { body: { phone: PHONE, text: CANARY } } : {}
    keep(await call(gateway, method, path, { headers: { ...planted, ...(index % 2 === 0 && token) }, ...body }))
  }
  for (let at = 0; at < OPERATIONS.length; at += AT_ONCE) {
    await Promise.all(OPERATIONS.slice(at, at + AT_ONCE).map(callOnce))
  }
  divar.answerWith(() => ({ body: told }))
  const addon = `/v2/open-platform/addons/user/${PHONE}`
  for (const body of marked(CANARY, { phone: PHONE, widgets: [{ a: 'b' }] })) {
    keep(await call(gateway, 'post', addon, { headers: token, body: JSON.stringify(body) }))
  }
  for (const body of [CANARY, `{"${CANARY}`, `{"a":"${CANARY}\\u0000"}`]) {
    keep(await call(gateway, 'post', addon, { headers: token, body }))
  }
  for (const path of [`${addon}/${CANARY}`, `/v1/open-platform/${CANARY}`, `${addon}?${CANARY}=${'x'.repeat(3000)}`]) {
    keep(await call(gateway, 'post', path, { headers: token, body: {} }))
  }
  for (const header of ['x-access-token', 'authorization', 'x-divar-user-id', 'content-type', 'traceparent']) {
    keep(await call(gateway, 'post', addon, { headers: { ...token, [header]: `${CANARY}\u00e4` }, body: {} }))
  }
  keep(await call(gateway, 'put', addon, { body: {} }))
  keep(await supertest(gateway.internalUrl).post(addon).set('x-api-key', CANARY))
  expect([...statuses].toSorted()).toEqual([200, 400, 401, 403, 404, 405, 415, 502])

  await collector.find(`call ${USER_ADDON}`)
  expect((await collector.find('POST /v2/open-platform/addons/user/:phone')).attributes).toMatchObject({
    operation: USER_ADDON,
    'http.route': '/v2/open-platform/addons/user/:phone',
  })
  const metrics = await metricsOf(gateway)
  await gateway.stop()
  const called = new Set(
    collector.spans().flatMap(({ name }) => (name.startsWith('call ') ? name.slice('call '.length) : [])),
  )
  expect(called.size).toBeGreaterThan(25)
  expect(OPERATIONS.map(({ name }) => name)).toEqual(expect.arrayContaining([...called]))
  expect(gateway.lines().filter(({ operation }) => operation === USER_ADDON).length).toBeGreaterThan(10)
  for (const text of [gateway.output(), metrics, collector.text()]) {
    for (const secret of [CANARY, PHONE, GRANTED, KEYS.token, KEYS.caller, KEYS.divarApi]) {
      expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
    }
  }
})
