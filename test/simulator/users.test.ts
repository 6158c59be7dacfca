import { expect, test } from '@jest/globals'
import type { IncomingHttpHeaders } from 'node:http'
import { Grants } from '../../src/simulator/grants.ts'
import { handleUsers } from '../../src/simulator/users.ts'
import { createWorld } from '../../src/simulator/world.ts'

const world = createWorld()

function ask(method: string, scopes: string[], headers: IncomingHttpHeaders = { authorization: 'Bearer token' }) {
  const grants = new Grants({ now: () => 0 })
  grants.seed({ accessToken: 'token', side: 'buyer', scopes })
  const received = { method, path: '/v1/open-platform/users', headers: { 'x-api-key': 'key', ...headers }, body: '' }
  const handled = handleUsers(received, { world, grants, apiKey: 'key' })
  return { status: handled?.answer.status, body: handled?.answer.body, entry: handled?.entry }
}

const phone = '09120000002'
const userId = world.people.buyer.v2Id

test.each([
  ['GET', ['USER_PHONE'], { phone_number: phone }],
  ['GET', ['USER_ID'], { user_id: userId }],
  ['GET', ['USER_PHONE', 'USER_ID'], { phone_number: phone, user_id: userId }],
  ['POST', ['USER_PHONE', 'USER_ID'], { phone_numbers: [phone] }],
])('%s with %j returns exactly that', (method, scopes, who) => {
  const { status, body, entry } = ask(method, scopes)
  expect([status, body]).toEqual([200, JSON.stringify(who)])
  expect(entry).toEqual({ kind: 'users', outcome: 'ok', notes: [], side: 'buyer' })
})

test.each([
  ['GET', ['offline_access'], 'neither USER_PHONE nor USER_ID'],
  ['POST', ['USER_ID'], 'does not cover USER_PHONE'],
])('%s with %j is 403 and says why', (method, scopes, why) => {
  const { status, entry } = ask(method, scopes)
  expect([status, entry?.notes.join(' ')]).toEqual([403, expect.stringContaining(why)])
})

test.each<[number, IncomingHttpHeaders]>([
  [200, { 'x-access-token': 'token' }],
  [401, { authorization: 'token' }],
  [401, { authorization: 'Bearer other' }],
  [401, {}],
  [401, { 'x-api-key': 'other', authorization: 'Bearer token' }],
])('%i with the headers %j', (status, headers) => {
  expect(ask('GET', ['USER_ID'], headers).status).toBe(status)
})

test('other methods get no answer of its own', () => {
  expect(ask('PUT', ['USER_ID']).status).toBeUndefined()
})
