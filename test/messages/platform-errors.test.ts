import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { answer } from '../support/outbox.ts'
import { parseJson, send } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway(await withStore('sqlite'))
})

const paths = [
  [V1_PATH, V1],
  [v2Path('c-1'), V2],
] as const

describe.each(paths)('a platform client can read every refusal of %s', (path, body) => {
  const asCaller = () =>
    supertest(gateway.url).post(path).set({ 'x-api-key': KEYS.caller, 'x-access-token': KEYS.token })
  const json = { 'content-type': 'application/json' }

  test.each([
    ['400', 'invalid_message', () => send(gateway, {}, path)],
    ['400', 'malformed_request', () => send(gateway, '{', path)],
    ['401', 'api_key_refused', () => send(gateway, body, path).set('x-api-key', 'wrong')],
    ['403', 'consent_required', () => send(gateway, body, path).set('x-access-token', '')],
    ['404', 'not_found', () => supertest(gateway.url).post(`${path}/more`).set(json).send('{}')],
    ['405', 'method_not_allowed', () => supertest(gateway.url).put(path)],
    [
      '413',
      'body_too_large',
      () =>
        asCaller()
          .set(json)
          .send(`"${'x'.repeat(110_000)}"`),
    ],
    ['415', 'unsupported_media_type', () => asCaller().set('content-type', 'text/plain').send('x')],
  ])('%s %s', async (status, code, ask) => {
    const problem = problemOf(await ask())
    expect([String(problem.status), problem.code]).toEqual([status, code])
  })

  test.each([
    [401, 403, 'token_refused'],
    [412, 412, 'recipient_restricted'],
    [400, 422, 'rejected'],
    [429, 429, 'rate_limited'],
    [500, 502, 'platform_error'],
    [504, 504, 'unknown'],
  ])('a refusal of Divar with %i', async (divar, status, code) => {
    gateway.divar.misbehave(answer(divar))
    const response = await send(gateway, body, path)
    expect(problemOf(response)).toMatchObject({ status, code, outcome: code })
  })

  test('a stored refusal and a stored success, in the format of the path that repeats the request', async () => {
    const misspelled = { ...body, message: 'یک', reciever_btn: null }
    for (const [status, misbehaviour] of [[422, answer(400)] as const, [200, undefined] as const]) {
      const key = { 'idempotency-key': `${path}-${status}` }
      const at = (where: string, sent: object) => send(gateway, sent, where).set(key)
      if (misbehaviour !== undefined) gateway.divar.misbehave(misbehaviour)
      const own = await at('/messages', {
        ...misspelled,
        ...('conversation_id' in body ? { conversation_id: 'c-1' } : {}),
      })
      const platforms = await at(path, misspelled)
      expect([own.status, platforms.status]).toEqual([status, status])
      expect(platforms.headers['idempotent-replayed']).toBe('true')
      if (status === 422) {
        const kept = problemOf(own)
        const details = [{ '@type': 'kenar/problem', ...kept }]
        expect(platforms.body).toEqual({ code: 3, message: kept.detail, details })
      } else {
        expect(own.body).toMatchObject({ ignored: ['/reciever_btn'] })
        const { ignored: _, ...rest } = parseJson(own.text)
        expect(platforms.body).toEqual(rest)
      }
    }
  })
})

test('a malformed path or an unknown route is refused in the platform’s format', async () => {
  for (const [path, status] of [
    [v2Path('%E0%A4%A'), 400],
    ['/v2/open-platform', 404],
    ['/v2/open-platform/users', 404],
  ] as const) {
    expect(problemOf(await supertest(gateway.url).post(path)).status).toBe(status)
  }
})

test('a path that only begins like the platform’s gets a problem document', async () => {
  const response = await supertest(gateway.url).get('/v2/open-platformer')
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
})

test('on the public port, with INTERNAL_PORT, the platform’s paths are 404 in the platform’s format', async () => {
  const own = await startTestGateway({ INTERNAL_PORT: '0' })
  const response = await supertest(own.url).post(V1_PATH).set('x-api-key', KEYS.caller).send(V1)
  expect(problemOf(response)).toMatchObject({ status: 404, code: 'not_found' })
})
