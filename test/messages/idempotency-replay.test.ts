import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Response } from 'supertest'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { DATABASES, withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import {
  answer,
  divarAt,
  eventually,
  idOf,
  listMessages,
  post,
  queue,
  startDivar,
  startStored,
  until,
} from '../support/outbox.ts'

let keys = 0
function newKey(): Record<string, string> {
  return { 'idempotency-key': `key-${(keys += 1)}` }
}

/** What a replay has in common with the first answer. */
function told({ status, text, headers }: Response): unknown {
  const { 'content-type': type, location, 'preference-applied': applied, 'retry-after': retryAfter } = headers
  return { status, text, type, location, applied, retryAfter }
}

/** What Divar got since this was called. */
function arrivalsAt({ divar }: TestGateway): () => number {
  const before = divar.received.length
  return () => divar.received.length - before
}

describe.each(DATABASES)('on %s, a repeat with the same key', (kind) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind))
  })

  test.each<[string, Misbehaviour | undefined, number]>([
    ['200', undefined, 200],
    ['403 token_refused', answer(401, '{"code":16,"message":"bad token"}'), 403],
    ['403 not_permitted', answer(403, '{"code":7,"message":"مجوز"}'), 403],
    ['412 recipient_restricted', answer(412, '{"code":9}'), 412],
    ['422 rejected', answer(400, '{"code":3,"message":"bad"}'), 422],
    ['504 unknown, after a reset', { kind: 'reset' }, 504],
    ['504 unknown, from Divar itself', answer(504), 504],
  ])('gets %s again, byte for byte, and nothing is sent to Divar', async (_, misbehaviour, status) => {
    const arrivals = arrivalsAt(gateway)
    for (const body of [V1, V2]) {
      if (misbehaviour) gateway.divar.misbehave(misbehaviour)
      const key = newKey()
      const first = await post(gateway, body, key)
      expect(first.status).toBe(status)
      expect(first.headers).not.toHaveProperty('idempotent-replayed')
      const again = await post(gateway, body, key)
      expect(told(again)).toEqual(told(first))
      expect(again.headers['idempotent-replayed']).toBe('true')
      const id = idOf(first)
      const isIt = (line: Record<string, unknown>) => line['event'] === 'message.replayed' && line['message_id'] === id
      await gateway.loggedWhen((all) => all.some(isIt))
      expect(gateway.lines().find(isIt)).toMatchObject({ level: 'info', caller: 'orders', status })
      // What has a key is stored, so it can be asked for.
      const { attempts } = await until(gateway, id, stateOf(status))
      expect(attempts).toHaveLength(1)
    }
    expect(arrivals()).toBe(2)
  })

  test('gets 504 unknown again after a timeout', async () => {
    const own = await startStored(kind, { DIVAR_TIMEOUT_MS: '100' })
    own.divar.misbehave({ kind: 'silence' })
    const key = newKey()
    const first = await post(own, V2, key)
    expect(first.status).toBe(504)
    expect(told(await post(own, V2, key))).toEqual(told(first))
    expect(own.divar.received).toHaveLength(1)
  })

  test('gets 202 again, in any state of the message', async () => {
    const arrivals = arrivalsAt(gateway)
    gateway.divar.misbehave(answer(412))
    const key = newKey()
    const wanted = { ...key, prefer: 'respond-async' }
    const first = await post(gateway, V2, wanted)
    const id = idOf(first)
    expect(first.headers['location']).toBe(`/messages/${id}`)
    await until(gateway, id, 'rejected')
    for (const headers of [wanted, key]) {
      const again = await post(gateway, V2, headers)
      expect(told(again)).toEqual(told(first))
      expect(again.headers['idempotent-replayed']).toBe('true')
    }
    expect(arrivals()).toBe(1)
  })

  test.each<[string, Record<string, string>, Misbehaviour | undefined, number]>([
    ['consent 403', { 'x-access-token': '' }, undefined, 403],
    ['401', { 'x-api-key': 'wrong' }, undefined, 401],
    ['429', {}, answer(429, '{}', { 'retry-after': '0' }), 429],
    ['502 platform_error', {}, answer(500), 502],
    ['502 platform_error, in a 2xx', {}, answer(200, '{"status":503}'), 502],
  ])(
    'is sent again after %s, and the key can be used for another message',
    async (_, headers, misbehaviour, status) => {
      const arrivals = arrivalsAt(gateway)
      if (misbehaviour) gateway.divar.misbehave(misbehaviour)
      const key = newKey()
      expect((await post(gateway, V2, { ...key, ...headers })).status).toBe(status)
      const second = await post(gateway, { ...V2, message: 'x' }, key)
      expect(second.status).toBe(200)
      expect(second.headers).not.toHaveProperty('idempotent-replayed')
      expect(arrivals()).toBe(misbehaviour ? 2 : 1)
    },
  )

  test('is sent again after 400 and 502 not_sent', async () => {
    const divar = await startDivar()
    const own = await startStored(kind, divarAt(divar))
    const key = newKey()
    expect((await post(own, {}, key)).status).toBe(400)
    await divar.close()
    expect((await post(own, V2, key)).status).toBe(502)
    await startDivar({ port: divar.port })
    const sent = await post(own, V2, key)
    expect(sent.status).toBe(200)
    expect(sent.headers).not.toHaveProperty('idempotent-replayed')
  })

  test('gets 409 while the first request is still running', async () => {
    const arrivals = arrivalsAt(gateway)
    gateway.divar.misbehave({ kind: 'answer', status: 200, body: '{"status":200}', delayMs: 500 })
    const key = newKey()
    const first = post(gateway, V2, key).then((response) => response)
    await eventually(() => Promise.resolve(arrivals() || undefined), 'the first request at Divar')
    for (const headers of [key, { ...key, prefer: 'respond-async' }]) {
      const response = await post(gateway, V2, headers)
      expect(problemOf(response)).toMatchObject({ status: 409, code: 'idempotency_key_running' })
      expect(response.headers['retry-after']).toBe('1')
    }
    expect(problemOf(await post(gateway, { ...V2, message: 'x' }, key))).toMatchObject({ status: 422 })
    expect((await first).status).toBe(200)
    expect(told(await post(gateway, V2, key))).toEqual(told(await first))
    expect(arrivals()).toBe(1)
  })

  test.each([
    ['', 200, [200, 409]],
    ['respond-async', 202, [202]],
  ])('is delivered once, even if 50 come together (Prefer: %s)', async (prefer, good, possible) => {
    const arrivals = arrivalsAt(gateway)
    const key = newKey()
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => post(gateway, V2, { ...key, prefer }).then((response) => response)),
    )
    for (const { status } of responses) expect(possible).toContain(status)
    const accepted = responses.filter(({ status }) => status === good)
    expect(accepted.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1)
    const [id = '', ...others] = new Set(accepted.map(idOf))
    expect(others).toEqual([])
    await until(gateway, id, 'delivered')
    expect(arrivals()).toBe(1)
  })

  test('without a key, each request is one message', async () => {
    const arrivals = arrivalsAt(gateway)
    const before = (await listMessages(gateway, '?limit=200')).messages.length
    for (const id of [await queue(gateway, V2), await queue(gateway, V2)]) await until(gateway, id, 'delivered')
    expect((await post(gateway, V2)).status).toBe(200)
    expect(arrivals()).toBe(3)
    // A synchronous send without a key is not stored.
    expect((await listMessages(gateway, '?limit=200')).messages.length - before).toBe(2)
  })
})

function stateOf(status: number): 'delivered' | 'unknown' | 'rejected' {
  if (status === 200) return 'delivered'
  return status === 504 ? 'unknown' : 'rejected'
}
