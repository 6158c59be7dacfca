import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { DATABASES, withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { untraced, V1, V2 } from '../support/messages.ts'
import {
  answer,
  FAST_RETRIES,
  ONE_TRY,
  queue,
  chatMessage,
  getMessage,
  startDivar,
  startStored,
  textsReceivedBy,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const ONE_MORE = { ...V2, delivery: 'at-least-once' }
/** A wait that cannot be long, within a time in which there is room for two: never ten attempts, which would open the breaker. */
const BRIEF = { RETRY_FIRST_MS: '1500', RETRY_MAX_MS: '1500', RETRY_FOR_MS: '3000' }

const DAY_MS = 24 * 60 * 60 * 1000

describe.each(DATABASES)('a queued message on %s', (kind) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind, { ...FAST_RETRIES, ...ONE_TRY }))
  })
  /** Queues a message that meets these one after the other. */
  const meet = (body: object, ...misbehaviours: Misbehaviour[]) => {
    for (const one of misbehaviours) gateway.divar.misbehave(one)
    return queue(gateway, body)
  }

  test.each([
    ['500', answer(500, '{"code":13,"message":"oops"}'), { outcome: 'platform_error', status: 500, code: '13' }],
    [
      '503, truncated',
      { kind: 'cut_answer' as const, status: 503 },
      { outcome: 'platform_error', status: 503, code: null },
    ],
    ['a 2xx that says 502', answer(200, '{"status":502}'), { outcome: 'platform_error', status: 502, code: null }],
    ['429', answer(429, '{"code":8}', { 'retry-after': '0' }), { outcome: 'rate_limited', status: 429, code: '8' }],
  ])('that gets %s is delivered by its second attempt', async (_, misbehaviour, first) => {
    const before = gateway.divar.received.length
    const id = await meet(V1, misbehaviour)
    const message = await until(gateway, id, 'delivered')
    expect(message).toMatchObject({ wire: 'v1', next_attempt_at: null, last_error: null, wiped: true })
    expect(message.attempts).toEqual([
      { number: 1, at: expect.any(String), ended_at: expect.any(String), reason: null, ...first },
      expect.objectContaining({ number: 2, outcome: 'delivered', status: 200, code: null, reason: null }),
    ])
    const [one, two, ...others] = gateway.divar.received.slice(before)
    expect(others).toEqual([])
    expect(untraced(two)).toEqual(untraced(one))
  })

  test.each([
    ['401', answer(401, '{"code":16}'), 'token_refused'],
    ['403', answer(403, '{"code":7}'), 'not_permitted'],
    ['412', answer(412, '{"code":"restricted"}'), 'recipient_restricted'],
    ['422', answer(422), 'rejected'],
    ['a 2xx that says 400', answer(200, '{"status":400}'), 'rejected'],
  ])('that gets %s is rejected and not tried again', async (_, misbehaviour, outcome) => {
    const before = gateway.divar.received.length
    const message = await until(gateway, await meet(V2, misbehaviour), 'rejected')
    expect(message).toMatchObject({ next_attempt_at: null, wiped: false, last_error: { number: 1, outcome } })
    expect(message.attempts).toHaveLength(1)
    expect(gateway.divar.received).toHaveLength(before + 1)
  })

  test.each<[string, Misbehaviour, string, number | null]>([
    ['a reset', { kind: 'reset' }, 'UND_ERR_SOCKET', null],
    ['a truncated success', { kind: 'reset_after' }, 'UND_ERR_SOCKET', null],
    ['504', answer(504), 'status 504', 504],
    ['an unreadable 2xx', answer(200, 'yes'), 'unreadable answer with status 200', null],
    ['a 2xx with unexpected members', answer(200, '{"status":3000000000}'), 'status 3000000000', null],
  ])('that gets %s is unknown and not tried again', async (_, misbehaviour, reason, status) => {
    const before = gateway.divar.received.length
    const message = await until(gateway, await meet(V2, misbehaviour), 'unknown')
    expect(message).toMatchObject({
      next_attempt_at: null,
      wiped: false,
      last_error: { outcome: 'unknown', reason, status },
    })
    expect(message.attempts).toHaveLength(1)
    expect(gateway.divar.received).toHaveLength(before + 1)
  })

  test('with delivery at-least-once is tried again after an unknown outcome, until it is delivered', async () => {
    const before = gateway.divar.received.length
    const id = await meet(ONE_MORE, { kind: 'reset_after' }, answer(504), { kind: 'reset' })
    const { attempts } = await until(gateway, id, 'delivered')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown', 'delivered'])
    const arrived = gateway.divar.received.slice(before).map(({ body }) => parseJson(body))
    // What the sender wished of the gateway is not for Divar.
    expect(arrived).toEqual(Array.from({ length: 4 }, () => ({ message: V2.message })))
  })

  test('that may have been delivered once is unknown, not rejected, after a later refusal', async () => {
    const { attempts } = await until(gateway, await meet(ONE_MORE, { kind: 'reset' }, answer(412)), 'unknown')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'recipient_restricted'])
  })

  test('waits as long as Divar asks, and others do not', async () => {
    const id = await meet(chatMessage('c-slow', 'slow'), answer(503, '{}', { 'retry-after': '1' }))
    const waiting = await until(gateway, id, 'queued', hasAttempts(1))
    const endedAt = Date.parse(waiting.attempts[0]?.ended_at ?? '')
    // Both are set in one commit, a moment apart.
    expect(Date.parse(waiting.next_attempt_at ?? '') - endedAt).toBeGreaterThanOrEqual(950)
    expect(waiting.last_error).toMatchObject({ outcome: 'platform_error', status: 503 })
    await until(gateway, await queue(gateway, chatMessage('c-quick', 'quick')), 'delivered')
    expect((await getMessage(gateway, id)).attempts).toHaveLength(1)
    const { attempts } = await until(gateway, id, 'delivered')
    expect(Date.parse(attempts[1]?.at ?? '') - endedAt).toBeGreaterThanOrEqual(950)
  })

  test('that Divar asks, in its last minute, to wait beyond its end has failed, and an error is logged', async () => {
    const id = await meet(V2, answer(503, '{}', { 'retry-after': '86400' }))
    expect(await until(gateway, id, 'failed')).toMatchObject({ wiped: false, attempts: [{ number: 1 }] })
    const isIt = (line: Record<string, unknown>) => line['message_id'] === id && line['attempt'] === 1
    await gateway.loggedWhen((all) => all.some(isIt))
    const line = gateway.lines().find(isIt)
    expect(line).toMatchObject({ level: 'error', event: 'message.platform_error', state: 'failed', divar_status: 503 })
  })

  test('that Divar asks to wait beyond its end is tried once more, a minute before its end', async () => {
    const own = await startStored(kind)
    own.divar.misbehave(answer(503, '{}', { 'retry-after': '86400' }))
    const waiting = await until(own, await queue(own, V2), 'queued', hasAttempts(1))
    const inMs = Date.parse(waiting.next_attempt_at ?? '') - Date.parse(waiting.attempts[0]?.ended_at ?? '')
    expect(inMs).toBeGreaterThan(DAY_MS - 120_000)
    expect(inMs).toBeLessThanOrEqual(DAY_MS - 60_000)
  })

  test('has failed, or is unknown, after RETRY_FOR_MS', async () => {
    const nobody = await startDivar()
    await nobody.close()
    const resets = await startDivar({ decide: () => ({ kind: 'reset' }) })
    const own = await startStored(kind, { ...BRIEF, DIVAR_V1_API_URL: nobody.url, DIVAR_API_URL: resets.url })
    const ids = [await queue(own, V1), await queue(own, ONE_MORE)] as const
    const failed = await until(own, ids[0], 'failed')
    expect(failed.attempts.length).toBeGreaterThan(1)
    expect(failed.last_error).toMatchObject({ outcome: 'not_sent', reason: 'ECONNREFUSED', status: null })
    const unknown = await until(own, ids[1], 'unknown')
    expect(unknown.attempts).toHaveLength(textsReceivedBy(resets).length)
    expect(unknown.attempts.length).toBeGreaterThan(1)
  })
})
