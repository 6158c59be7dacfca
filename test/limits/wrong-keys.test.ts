import { describe, expect, test } from '@jest/globals'
import supertest, { type Test } from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V2 } from '../support/messages.ts'
import { click, CLICK, replyOf, send } from '../support/requests.ts'

const AS_STRANGER = '203.0.113.9'

const clickWrong = (gateway: TestGateway) => click(gateway, CLICK).set('authorization', 'wrong')
const sendWrong = (gateway: TestGateway) => send(gateway, V2).set('x-api-key', 'wrong')

/** As a proxy passes it on. */
const from = (address: string, test: Test) => test.set('x-forwarded-for', address)

async function statuses(times: number, request: () => Test): Promise<number[]> {
  const seen: number[] = []
  for (let time = 0; time < times; time += 1) seen.push((await request()).status)
  return seen
}
const repeated = (times: number, status: number) => Array.from({ length: times }, () => status)

describe('wrong keys from one address', () => {
  test.each([
    ['clicks', clickWrong],
    ['sends', sendWrong],
  ])('%s: twenty within a minute get 401, those after them 429', async (_, wrong) => {
    const gateway = await startTestGateway()
    expect(await statuses(22, () => wrong(gateway))).toEqual([...repeated(20, 401), 429, 429])
  })

  test('count on both ports together, and the right key is accepted on either at any time', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '4' })
    expect(await statuses(2, () => clickWrong(gateway))).toEqual([401, 401])
    expect(await statuses(3, () => sendWrong(gateway))).toEqual([401, 401, 429])
    expect((await clickWrong(gateway)).status).toBe(429)
    expect(await statuses(30, () => click(gateway, CLICK))).toEqual(repeated(30, 200))
    expect(await statuses(30, () => send(gateway, V2))).toEqual(repeated(30, 200))
    // What was right takes no wrong one back.
    expect((await clickWrong(gateway)).status).toBe(429)
  })

  test('above the limit Divar gets its three keys, with the time until the next try', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1' })
    expect((await clickWrong(gateway)).headers).not.toHaveProperty('retry-after')
    const response = await clickWrong(gateway)
    expect(replyOf(response)).toEqual({ status: '429', message: expect.stringContaining('Too many wrong'), url: '' })
    expect(response.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^(?:60|5\d)$/),
      'ratelimit-policy': '"wrong-keys";q=1;w=60',
      ratelimit: `"wrong-keys";r=0;t=${response.headers['retry-after'] ?? ''}`,
    })
    expect(await gateway.logged('click.refused')).toMatchObject({ level: 'info', code: 'identification_refused' })
    await gateway.loggedWhen((all) => all.some(({ code }) => code === 'too_many_wrong_keys'))
  })

  test('above the limit a service gets a problem document, with the time until the next try', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1' })
    await sendWrong(gateway)
    const response = await sendWrong(gateway)
    expect(problemOf(response)).toMatchObject({ status: 429, code: 'too_many_wrong_keys' })
    expect(response.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^(?:60|5\d)$/),
      'ratelimit-policy': '"wrong-keys";q=1;w=60',
    })
    expect(gateway.divar.received).toEqual([])
  })

  test('a missing key counts as a wrong one, on every internal route', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '2' })
    for (const [path, status] of [
      ['/metrics', 401],
      ['/messages/msg_x', 401],
      ['/clicks/x', 429],
    ] as const) {
      expect((await supertest(gateway.url).get(path)).status).toBe(status)
    }
  })

  test('are not limited with 0', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '0' })
    expect(await statuses(50, () => clickWrong(gateway))).toEqual(repeated(50, 401))
  })
})

describe('the address of a wrong key', () => {
  test('is the address of the connection; no header is trusted unless TRUST_PROXY says so', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '2' })
    const answered: number[] = []
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) {
      answered.push((await from(address, clickWrong(gateway)).set('forwarded', `for=${address}`)).status)
    }
    expect(answered).toEqual([401, 401, 429])
  })

  test.each([
    ['one proxy', '1'],
    ['a proxy of these ranges', '10.0.0.0/8, 127.0.0.0/8'],
  ])('behind %s is the address that the proxy names, and earlier addresses are not trusted', async (_, trust) => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1', TRUST_PROXY: trust })
    expect((await from(AS_STRANGER, clickWrong(gateway))).status).toBe(401)
    expect((await from(`198.51.100.1, ${AS_STRANGER}`, clickWrong(gateway))).status).toBe(429)
    expect((await from('198.51.100.1', clickWrong(gateway))).status).toBe(401)
    expect((await from(AS_STRANGER, click(gateway, CLICK))).status).toBe(200)
  })

  test('behind two proxies is the one that the outer proxy names', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1', TRUST_PROXY: '2' })
    expect((await from(`${AS_STRANGER}, 10.0.0.1`, clickWrong(gateway))).status).toBe(401)
    expect((await from(`${AS_STRANGER}, 10.0.0.2`, clickWrong(gateway))).status).toBe(429)
  })

  test("is the connection's if it comes from outside the trusted ranges", async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1', TRUST_PROXY: '10.0.0.0/8' })
    expect((await from(AS_STRANGER, clickWrong(gateway))).status).toBe(401)
    expect((await from('198.51.100.1', clickWrong(gateway))).status).toBe(429)
  })

  test('is a 64-bit network in IPv6', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1', TRUST_PROXY: '1' })
    expect((await from('2001:db8:0:1::1', clickWrong(gateway))).status).toBe(401)
    expect((await from('2001:db8:0:1:ffff::2', clickWrong(gateway))).status).toBe(429)
    expect((await from('2001:db8:0:2::1', clickWrong(gateway))).status).toBe(401)
  })

  test('is one and the same for all clients without an address', async () => {
    const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1', TRUST_PROXY: '1' })
    expect((await from('unknown', clickWrong(gateway))).status).toBe(401)
    expect((await from('_other', clickWrong(gateway))).status).toBe(429)
  })
})

describe('DIVAR_SOURCE_RANGES', () => {
  const INSIDE = { TRUST_PROXY: '1', DIVAR_SOURCE_RANGES: '198.51.100.0/24, 2001:db8::/32' }

  test('accepts clicks from these addresses only; others get the same answer as a wrong key and count as one', async () => {
    const gateway = await startTestGateway({ ...INSIDE, WRONG_KEYS_PER_MINUTE: '2' })
    for (const address of ['198.51.100.1', '::ffff:198.51.100.7', '2001:db8:5::1']) {
      expect((await from(address, click(gateway, CLICK))).status).toBe(200)
    }
    const right = await from(AS_STRANGER, click(gateway, CLICK))
    const wrong = await from(AS_STRANGER, clickWrong(gateway))
    expect([right.status, right.text]).toEqual([401, wrong.text])
    expect(await statuses(2, () => from(AS_STRANGER, click(gateway, CLICK)))).toEqual([429, 429])
    expect((await from(AS_STRANGER, clickWrong(gateway))).status).toBe(429)
    expect(await gateway.logged('click.refused')).toMatchObject({
      code: 'identification_refused',
      reason: 'the address is not in DIVAR_SOURCE_RANGES',
    })
    expect(gateway.output()).not.toContain(AS_STRANGER)
  })

  test('refuses clients without an address', async () => {
    const gateway = await startTestGateway(INSIDE)
    expect((await from('unknown', click(gateway, CLICK))).status).toBe(401)
  })

  test('checks the address of the connection without TRUST_PROXY', async () => {
    const { DIVAR_SOURCE_RANGES } = INSIDE
    const gateway = await startTestGateway({ DIVAR_SOURCE_RANGES })
    expect((await from('198.51.100.1', click(gateway, CLICK))).status).toBe(401)
    const local = await startTestGateway({ DIVAR_SOURCE_RANGES: '127.0.0.1' })
    expect((await click(local, CLICK)).status).toBe(200)
  })

  test('applies to clicks only', async () => {
    const gateway = await startTestGateway(INSIDE)
    expect((await from(AS_STRANGER, send(gateway, V2))).status).toBe(200)
    expect((await from(AS_STRANGER, supertest(gateway.url).get('/healthz'))).status).toBe(200)
    expect((await from(AS_STRANGER, send(gateway, V2)).set('x-api-key', KEYS.identification)).status).toBe(401)
  })
})
