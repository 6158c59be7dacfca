import { beforeAll, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { startConsentGateway } from '../support/consent.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startConsentGateway({})
})

test.each<['get' | 'post' | 'delete', string, string]>([
  ['get', '/messages', 'only state, caller, wire, since, until, cursor, limit'],
  ['get', '/messages/msg_1', 'no parameters'],
  ['post', '/messages/msg_1/retry', 'no parameters'],
  ['post', '/messages/msg_1/cancel', 'no parameters'],
  ['get', '/clicks/clk_1', 'no parameters'],
  ['get', '/grants', 'only user_id, cursor'],
  ['delete', '/grants/grt_1', 'no parameters'],
  ['get', '/users/u-1', 'no parameters'],
  ['post', '/consents', 'no parameters'],
  ['post', '/messages', 'no parameters'],
  ['post', V1_PATH, 'no parameters'],
  ['post', v2Path('c-1'), 'no parameters'],
])('%s %s refuses an unknown query parameter and names it and the known ones', async (method, path, known) => {
  const before = gateway.divar.received.length
  const request = supertest(gateway.internalUrl)[method](`${path}?conversation_id=x`).set('x-api-key', KEYS.caller)
  const response = await (method === 'post' ? request.send(path === V1_PATH ? V1 : V2) : request)
  expect(problemOf(response)).toMatchObject({
    status: 400,
    code: 'malformed_request',
    detail: `query: expected ${known}, found "conversation_id"`,
  })
  expect(gateway.divar.received).toHaveLength(before)
})

test.each([
  ['/messages?state=', 'state: expected one value that is not empty'],
  ['/messages?state=queued&state=sending', 'state: expected one value that is not empty'],
  [
    '/messages?limit&cursor=',
    'limit: expected one value that is not empty; cursor: expected one value that is not empty',
  ],
  ['/grants?user_id=', 'user_id: expected one value that is not empty'],
])(
  'a filter that is empty or repeated is refused by name, so that it cannot list everything: %s',
  async (path, detail) => {
    const response = await supertest(gateway.internalUrl).get(path).set('x-api-key', KEYS.caller)
    expect(problemOf(response)).toMatchObject({ status: 400, code: 'malformed_request', detail })
  },
)

test('routes for tools accept any query parameter', async () => {
  for (const path of ['/metrics', '/openapi.json', '/docs', '/healthz', '/readyz']) {
    const response = await supertest(gateway.internalUrl).get(`${path}?cache=1`).set('x-api-key', KEYS.caller)
    expect([path, response.status]).toEqual([path, 200])
  }
})

test('a wrong key is refused before the query is checked', async () => {
  const response = await supertest(gateway.internalUrl).get('/messages?no=1').set('x-api-key', 'wrong')
  expect(response.status).toBe(401)
})
