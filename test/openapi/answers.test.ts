import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Response } from 'supertest'
import type { Environment } from '../../src/config/config.ts'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { OPERATIONS } from '../../src/platform/operations.ts'
import { BOT_PATHS, IN_CHAT, startBotDivar, TO_USER } from '../support/bot-divar.ts'
import { Browser, clickMenu, decide, messageTo, startConsentGateway, completeFlow } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { MAY_ERASE } from '../support/erasure.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { tokensOf } from '../support/imports.ts'
import { V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { answer } from '../support/outbox.ts'
import { createDocumentedRequests } from '../support/documented-requests.ts'
import { CLICK, parseJson } from '../support/requests.ts'

/** Real answers of every route, held to what the document says of them. */

let gateway: TestGateway
let requests: Awaited<ReturnType<typeof createDocumentedRequests>>
beforeAll(async () => {
  gateway = await startConsentGateway({}, MAY_ERASE)
  requests = await createDocumentedRequests(gateway)
})

const withToken = { 'x-access-token': KEYS.token }
const ask = (...asked: Parameters<typeof requests.ask>) => requests.ask(...asked)

/** The statuses of a conversation, in one line. */
async function statusesOf(...asked: Promise<Response>[]): Promise<number[]> {
  return (await Promise.all(asked)).map(({ status }) => status)
}

describe('answers are as documented', () => {
  test('for Divar', async () => {
    const initialize = (body: object | string, headers: Record<string, string> = {}, at = gateway) =>
      ask('post', '/divar/session', body, { headers: { authorization: KEYS.identification, ...headers }, at })
    const nothingToDerive = await startConsentGateway({ scopes: ['post_chats'] })
    const report = (body: object, headers: Record<string, string> = {}) =>
      ask('post', '/divar/events', body, { headers: { authorization: KEYS.identification, ...headers } })
    const revoked = { type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: 'u-1' } }
    const reported = await statusesOf(
      report(revoked),
      report({ type: 'NEW_MESSAGE' }),
      report({}),
      report(revoked, { authorization: 'wrong' }),
    )
    expect(reported).toEqual([200, 501, 400, 401])
    const statuses = await statusesOf(
      initialize(CLICK),
      initialize({ source: 'CHAT', user_side: 'DEMAND', conversation_id: 'c-1' }, { 'api-version': '2' }),
      initialize(CLICK, { authorization: 'wrong' }),
      initialize({}),
      initialize('{'),
      initialize(CLICK, { 'api-version': '3' }),
      initialize(CLICK, { 'content-type': 'text/plain' }),
      initialize(`"${'x'.repeat(110_000)}"`),
      initialize({ source: 'CHAT' }, { 'api-version': '2' }, nothingToDerive),
    )
    expect(statuses).toEqual([200, 200, 401, 400, 400, 400, 415, 413, 500])
  })

  test('for probes and operators', async () => {
    const docs = ['/docs', '/docs?lang=fa', '/docs/errors', '/docs/assets/docs.css']
    const paths = ['/healthz', '/readyz', '/metrics', '/openapi.json', ...docs]
    expect(await statusesOf(...paths.map((path) => ask('get', path)))).toEqual(paths.map(() => 200))
    expect(await statusesOf(ask('get', '/docs/nothing'), ask('get', '/docs/assets/nothing'))).toEqual([404, 404])
    const guarded = ['/metrics', '/openapi.json', '/docs', '/docs/errors', '/docs/assets/docs.css']
    const refused = guarded.map((path) => ask('get', path, undefined, { headers: { 'x-api-key': 'wrong' } }))
    expect(await statusesOf(...refused)).toEqual(guarded.map(() => 401))
  })

  test.each([
    ['/messages', V1],
    ['/messages', V2],
    [V1_PATH, V1],
    [v2Path('c-1'), { message: 'سلام' }],
  ])('for senders at %s, in every outcome', async (path, body) => {
    const at = await startTestGateway(await withStore('sqlite'))
    const send = (more: Record<string, string> = {}, sent: object | string = body) =>
      ask('post', path, sent, { headers: { ...withToken, ...more }, at })
    const key = { 'idempotency-key': 'one' }
    const statuses = []
    for (const more of [{}, key, key]) {
      statuses.push((await send(more)).status)
    }
    statuses.push((await send(key, { ...body, message: 'another' })).status)
    const told: Misbehaviour[] = [
      answer(401),
      answer(403),
      answer(412, '{"code":9,"message":"no"}'),
      answer(404, '{"code":"gone"}'),
      answer(429, '{}', { 'retry-after': '3' }),
      answer(500),
      answer(504),
    ]
    for (const one of told) {
      at.divar.misbehave(one)
      statuses.push((await send()).status)
    }
    statuses.push((await send({}, '{')).status, (await send({}, { message: ' ' })).status)
    statuses.push((await send({ 'x-api-key': 'wrong' })).status, (await send({ 'content-type': 'text/plain' })).status)
    statuses.push((await send({ 'x-access-token': '' })).status)
    const promised = { prefer: 'respond-async', 'idempotency-key': 'two' }
    statuses.push((await send(promised)).status, (await send(promised)).status)
    const [ok, refused] = [
      [200, 200, 200, 422],
      [403, 403, 412, 422, 429, 502, 504],
    ]
    expect(statuses).toEqual([...ok, ...refused, 400, 400, 401, 415, 403, 202, 202])
  })

  test.each([
    ['/messages', IN_CHAT],
    [V1_PATH, TO_USER],
    ...BOT_PATHS.map((path) => [path, { text_message: 'سلام' }] as const),
  ])('for bots at %s', async (path, body) => {
    const bot = await startBotDivar()
    const at = await startTestGateway(await withStore('sqlite', bot.environment))
    const send = async (more: Record<string, string> = {}, sent: object = body) =>
      (await ask('post', path, sent, { headers: { ...withToken, ...more }, at })).status
    const key = { 'idempotency-key': 'one' }
    expect([await send(), await send(key), await send(key), await send({}, {})]).toEqual([200, 200, 200, 400])
    bot.answerNext({ status: 403, body: '{}' }, { status: 500, body: '{}' })
    expect([await send(), await send()]).toEqual([403, 502])
    expect(await send({ prefer: 'respond-async' })).toBe(202)
    await at.loggedWhen((all) => all.some(({ attempt, event }) => attempt === 1 && event === 'message.delivered'))
    expect((await ask('get', '/messages?state=delivered', undefined, { at })).text).toContain('"conversation_id"')
  })

  test('for senders whose queue is full or whose Divar is down', async () => {
    const at = await startTestGateway({
      ...(await withStore('sqlite')),
      QUEUE_LIMIT: '1',
      DIVAR_API_URL: 'http://127.0.0.1:9',
    })
    const send = (headers: Record<string, string> = {}) =>
      ask('post', '/messages', V2, { headers: { ...withToken, ...headers }, at })
    const statuses = []
    for (let count = 0; count < 11; count++) statuses.push((await send()).status)
    for (let count = 0; count < 2; count++) statuses.push((await send({ prefer: 'respond-async' })).status)
    expect(statuses).toEqual([...Array<number>(10).fill(502), 503, 202, 429])
  })

  test('for callers that look up or check a message', async () => {
    const queue = async (body: object) =>
      String(
        parseJson((await ask('post', '/messages', body, { headers: { ...withToken, prefer: 'respond-async' } })).text)[
          'id'
        ],
      )
    gateway.divar.misbehave(answer(404, '{"code":5,"message":"gone"}'))
    const ended = await queue(V2)
    await gateway.logged('message.rejected')
    const statuses = await statusesOf(
      ask('get', '/messages'),
      ask('get', '/messages?state=rejected&limit=1'),
      ask('get', '/messages?state=no'),
      ask('get', `/messages/${ended}`),
      ask('get', '/messages/msg_nobody'),
      ask('post', `/messages/${ended}/cancel`),
      ask('post', '/messages/msg_nobody/retry'),
      ask('post', '/messages/check', V1),
      ask('post', '/messages/check', {}),
    )
    expect(statuses).toEqual([200, 200, 400, 200, 404, 409, 404, 200, 400])
    expect((await ask('post', `/messages/${ended}/retry`)).status).toBe(202)
    // A limit at Divar makes what is queued wait.
    gateway.divar.misbehave(answer(429, '{}', { 'retry-after': '3600' }))
    expect((await ask('post', '/messages', V2, { headers: withToken })).status).toBe(429)
    const waiting = await queue(V1)
    expect((await ask('post', `/messages/${waiting}/cancel`)).status).toBe(200)
    expect((await ask('post', `/messages/${waiting}/retry`)).status).toBe(409)
  })

  test('for callers that ask users for consent, and for browsers', async () => {
    const { buyer } = gateway.divar.world.people
    const asked = { scopes: ['chat', 'phone', 'offline'], conversation_id: gateway.divar.world.conversationId }
    const consent = { ...asked, user_id: buyer.v2Id, return_url: 'https://app.example.com/thanks' }
    const user = `/users/${encodeURIComponent(buyer.v2Id)}`
    expect(await statusesOf(ask('get', user), ask('post', '/messages', messageTo(gateway.divar)))).toEqual([403, 403])
    const { status, text } = await ask('post', '/consents', consent)
    expect(status).toBe(201)
    expect((await completeFlow(String(parseJson(text)['url']))).status).toBe(303)
    const { text: list } = await ask('get', `/grants?user_id=${encodeURIComponent(buyer.v2Id)}`)
    const grant = /grt_[\w-]{24}/.exec(list)?.[0] ?? ''
    const statuses = await statusesOf(
      ask('get', user),
      ask('post', '/messages', messageTo(gateway.divar)),
      ask('post', '/consents', {}),
      ask('get', '/grants'),
      ask('get', '/clicks/clk_nobody'),
    )
    expect(statuses).toEqual([200, 200, 400, 400, 404])
    const landing = await completeFlow(await clickMenu(gateway, 'seller'), { side: 'seller' })
    const click = /clk_[\w-]{24}/.exec(landing.location)?.[0] ?? ''
    expect((await ask('get', `/clicks/${click}`)).status).toBe(200)
    expect(await statusesOf(ask('delete', `/grants/${grant}`))).toEqual([204])
    expect(await statusesOf(ask('delete', `/grants/${grant}`))).toEqual([404])
    expect(await statusesOf(ask('delete', user))).toEqual([200])
    const tokens = tokensOf(gateway.divar, ['USER_ID', 'offline_access'])
    expect(await statusesOf(ask('post', '/grants', tokens), ask('post', '/grants', {}))).toEqual([201, 400])
  })

  test('at each step of the authorization flow', async () => {
    const at = await startConsentGateway()
    const path = (url: string) => url.slice(at.url.length)
    const open = async (start: string) => (await ask('get', start, undefined, { at })).status
    const start = path(await clickMenu(at))
    expect([await open(start), await open(start), await open('/oauth/start/cns_unknown')]).toEqual([303, 303, 410])
    const back = path(await decide(new Browser(), await clickMenu(at)))
    expect(await open(back)).toBe(403)
    expect(await open('/oauth/callback?state=none')).toBe(410)
    expect(await open('/oauth/start/%ff')).toBe(400)
  })

  test.each([
    ['a store', () => Promise.resolve({})],
    ['consent', () => withStore('sqlite')],
  ] satisfies [string, () => Promise<Environment>][])('where %s is off', async (_, environment) => {
    const at = await startTestGateway(await environment())
    const off = (method: 'get' | 'post' | 'delete', path: string, body?: object) => ask(method, path, body, { at })
    const statuses = await statusesOf(
      off('post', '/consents', {}),
      off('get', '/grants?user_id=u'),
      off('post', '/grants', {}),
      off('delete', '/grants/grt_nobody'),
      off('get', '/users/u'),
      off('get', '/oauth/callback'),
      off('get', '/oauth/start/cns_x'),
    )
    expect(statuses).toEqual([501, 501, 501, 501, 501, 501, 501])
  })

  test('the requests above cover every good answer of every route', () => {
    const good = Object.entries(requests.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.keys(responses)
          .filter((status) => status < '400')
          .map((status) => `${method} ${path} ${status}`),
      ),
    )
    // Dynamic actions, subscriptions and what is for operators are in files of their own here, platform calls in test/platform. The way back in the user's own browser is shown in test/consent.
    const calls = OPERATIONS.map(({ method, path }) => `${method.toLowerCase()} ${path} 200`)
    const elsewhere = new Set(['post /divar/action 200', 'get /oauth/callback 303', ...calls])
    const isElsewhere = (one: string) =>
      elsewhere.has(one) || /\/subscriptions| \/(?:attention|timeline|messages\/(?:retry|cancel)) /.test(one)
    expect(good.filter((one) => !requests.judge.seen.has(one) && !isElsewhere(one))).toEqual([])
  })
})
