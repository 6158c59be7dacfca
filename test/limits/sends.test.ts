import { describe, expect, test } from '@jest/globals'
import type { Response } from 'supertest'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1_PATH, TRIPLE, V2 } from '../support/messages.ts'
import { send } from '../support/requests.ts'

const SECOND = 'billing-key-0123456789'
const [DATABASE = 'sqlite'] = DATABASES

const stored = async (perMinute: number) =>
  startTestGateway({ ...(await withStore(DATABASE)), SENDS_PER_MINUTE: String(perMinute) })

const withKey = (gateway: TestGateway, key: string, body: object = V2) =>
  send(gateway, body).set('idempotency-key', key)

function expectLimited(response: Response, perMinute: number): void {
  expect(problemOf(response)).toMatchObject({ status: 429, code: 'too_many_sends' })
  expect(problemOf(response)).not.toHaveProperty('outcome')
  expect(response.headers).toMatchObject({
    'retry-after': expect.stringMatching(/^(?:60|5\d)$/),
    'ratelimit-policy': `"sends";q=${perMinute};w=60`,
    ratelimit: `"sends";r=0;t=${response.headers['retry-after'] ?? ''}`,
  })
}

describe('SENDS_PER_MINUTE', () => {
  test('each answer says how many sends are left; above the limit a send is refused and nothing reaches Divar', async () => {
    const gateway = await startTestGateway({ SENDS_PER_MINUTE: '2' })
    const first = await send(gateway, V2).expect(200)
    expect(first.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(first.headers['ratelimit-policy']).toBe('"sends";q=2;w=60')
    expect(first.headers['ratelimit']).toMatch(/^"sends";r=1;t=(?:60|5\d)$/)
    expect(first.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    // By any of its paths.
    const second = await send(gateway, { ...TRIPLE, message: 'x' }, V1_PATH).expect(200)
    expect(second.headers['ratelimit']).toMatch(/^"sends";r=0;/)
    expectLimited(await send(gateway, V2), 2)
    expect(gateway.divar.received).toHaveLength(2)
    expect(await gateway.logged('message.refused')).toMatchObject({ level: 'info', code: 'too_many_sends' })
  })

  test.each([{}, { prefer: 'respond-async' }])(
    'of fifty simultaneous sends exactly the limit is accepted (%j)',
    async (headers) => {
      const gateway = await stored(3)
      const all = await Promise.all(Array.from({ length: 50 }, async () => send(gateway, V2).set(headers)))
      expect(all.filter(({ status }) => status < 300)).toHaveLength(3)
      for (const response of all.filter(({ status }) => status >= 300)) expectLimited(response, 3)
      await gateway.loggedWhen((lines) => lines.filter(({ event }) => event === 'message.delivered').length === 3)
      expect(gateway.divar.received).toHaveLength(3)
    },
  )

  test('limits each caller separately', async () => {
    const gateway = await startTestGateway({
      SENDS_PER_MINUTE: '1',
      INTERNAL_API_KEYS: `orders:${KEYS.caller},billing:${SECOND}`,
    })
    await send(gateway, V2).expect(200)
    await send(gateway, V2).expect(429)
    await send(gateway, V2).set('x-api-key', SECOND).expect(200)
    await send(gateway, V2).set('x-api-key', SECOND).expect(429)
  })

  test('does not count a message that is refused as invalid, but counts one that Divar refuses', async () => {
    const gateway = await startTestGateway({ SENDS_PER_MINUTE: '1' })
    expect((await send(gateway, { ...V2, message: ' ' }).expect(400)).headers).not.toHaveProperty('ratelimit')
    gateway.divar.misbehave({ kind: 'answer', status: 500, body: '{}' })
    expect((await send(gateway, V2).expect(502)).headers['ratelimit']).toMatch(/^"sends";r=0;/)
    expectLimited(await send(gateway, V2), 1)
  })

  test('applies to sends that are to be queued; a refused one is not stored', async () => {
    const gateway = await stored(1)
    const queued = await send(gateway, V2).set('prefer', 'respond-async').expect(202)
    expect(queued.headers['ratelimit']).toMatch(/^"sends";r=0;/)
    expectLimited(await send(gateway, V2).set('prefer', 'respond-async'), 1)
    await gateway.logged('message.delivered')
    expect(gateway.divar.received).toHaveLength(1)
  })

  test.each([[{}], [{ prefer: 'respond-async' }]])(
    'a repeat of an answered request gets the same answer, even above the limit (%j)',
    async (headers) => {
      const gateway = await stored(1)
      const first = await withKey(gateway, 'k-1').set(headers)
      expect(first.status).toBeLessThan(300)
      const again = await withKey(gateway, 'k-1').set(headers)
      expect([again.status, again.text]).toEqual([first.status, first.text])
      expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true' })
      expect((await withKey(gateway, 'k-1', { ...V2, message: 'other' }).set(headers)).status).toBe(422)
      expectLimited(await withKey(gateway, 'k-2').set(headers), 1)
    },
  )

  test('an idempotency key of a send refused by the limit is free', async () => {
    const gateway = await stored(1)
    await send(gateway, V2).expect(200)
    expectLimited(await withKey(gateway, 'k-1'), 1)
    expectLimited(await withKey(gateway, 'k-1', { ...V2, message: 'other' }), 1)
  })

  test('is off by default, and answers have no rate limit headers', async () => {
    const gateway = await startTestGateway()
    for (let time = 0; time < 100; time += 1) {
      expect((await send(gateway, V2).expect(200)).headers).not.toHaveProperty('ratelimit')
    }
  })
})
