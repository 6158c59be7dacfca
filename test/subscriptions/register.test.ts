import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { createGrantCodec, type Grant } from '../../src/consent/grant.ts'
import type { Outcome } from '../../src/divar/outcome.ts'
import { createLogger } from '../../src/observability/log.ts'
import { Counter } from '../../src/observability/metrics.ts'
import { readScope } from '../../src/scope/scope.ts'
import { createRegisterClaimed } from '../../src/subscriptions/register-claimed.ts'
import { refreshInMs, retryInMs } from '../../src/subscriptions/retry-policy.ts'
import { createSubscriptionCodec, type Failure, type Wanted } from '../../src/subscriptions/subscription.ts'

const HOUR_MS = 3_600_000
const keyring = createKeyring([randomBytes(32)])
const codec = createSubscriptionCodec(keyring, createGrantCodec(keyring))
const WANTED: Wanted = { userId: 'u-1', eventType: 'NEW_MESSAGE_ON_POST', postToken: 'AZf3Uqr3' }
const SCOPE = readScope('CHAT_POST_CONVERSATIONS_READ.AZf3Uqr3')

const GRANT: Grant = {
  seq: 1,
  id: 'grt_1',
  userId: 'u-1',
  scopes: [SCOPE],
  accessToken: 'at',
  refreshToken: 'rt',
  version: 3,
  accessMs: HOUR_MS,
  refreshMs: 24 * HOUR_MS,
  pairAgeMs: 0,
  createdAt: 0,
  refreshedAt: 0,
}

type Case = { outcome?: Outcome; grant?: Partial<Grant>; failures?: number; failure?: Failure; caller?: string }

/** Registers one subscription with this grant, while Divar answers with this outcome. */
async function register({ outcome = { kind: 'delivered', status: 200 }, grant, failures = 0, failure, caller }: Case) {
  const asked: string[] = []
  let isDue: boolean | undefined
  const registerClaimed = createRegisterClaimed({
    grants: {
      withToken: (_id, isRefreshDue) => {
        const found = { ...GRANT, ...grant }
        isDue = isRefreshDue(found)
        return Promise.resolve({ kind: 'grant', grant: found })
      },
    },
    codec,
    subscribe: (_registration, token) => {
      asked.push(token)
      return Promise.resolve(outcome)
    },
    random: () => 1,
    registrations: new Counter('outcome'),
    log: createLogger('silent'),
  })
  const content = codec.seal('sub_1', 'orders', WANTED, failure)
  const row = { id: 'sub_1', caller: caller ?? 'orders', content, grantId: 'grt_1', grantVersion: 2, failures }
  const finish = await registerClaimed(row)
  const stored = finish.result && codec.open({ id: 'sub_1', caller: 'orders', content: finish.result.content })
  return { finish, asked, isDue, failure: stored?.failure }
}

describe('a registration', () => {
  test('that Divar takes is made again when 80 to 90 % of the time of its token are over', async () => {
    const { finish, asked, isDue } = await register({})
    expect(asked).toEqual(['at'])
    expect(isDue).toBe(false)
    expect(finish).toMatchObject({ grantId: 'grt_1', grantVersion: 3, failures: 0, dueInMs: 0.9 * HOUR_MS })
    expect(finish.result).toMatchObject({ outcome: 'registered', activeMs: HOUR_MS })
    expect(refreshInMs({ accessMs: HOUR_MS, pairAgeMs: 0 }, 0)).toBe(0.8 * HOUR_MS)
    expect((await register({ grant: { accessMs: 0.2 * HOUR_MS, pairAgeMs: 0.8 * HOUR_MS } })).isDue).toBe(true)
    expect((await register({ grant: { refreshToken: undefined } })).finish.dueInMs).toBeUndefined()
  })

  test.each<[string, Outcome, Partial<Failure>]>([
    ['a 403', { kind: 'not_permitted', divar: { status: 403, code: 7, message: 'no' } }, { code: 'not_permitted' }],
    ['another 4xx', { kind: 'rejected', divar: { status: 422 } }, { code: 'rejected' }],
  ])('that ends with %s is not repeated with the same token', async (_, outcome, expected) => {
    const { finish, failure } = await register({ outcome })
    expect(finish).toMatchObject({ failures: 1, dueInMs: undefined, result: { outcome: 'failed' } })
    expect(failure).toMatchObject({ ...expected, ...('divar' in outcome && { divar: outcome.divar }) })
  })

  test.each<[string, Outcome]>([
    ['a 401', { kind: 'token_refused', divar: { status: 401 } }],
    ['a 503', { kind: 'platform_error', divar: { status: 503 } }],
    ['a time-out', { kind: 'unknown', cause: 'remote', reason: 'no answer in time' }],
    ['no connection', { kind: 'not_sent', cause: 'remote', reason: 'ECONNREFUSED' }],
  ])('that ends with %s is repeated after 10 s, then after twice as long, for about a day', async (_, outcome) => {
    expect((await register({ outcome })).finish).toMatchObject({ failures: 1, dueInMs: 10_000 })
    expect((await register({ outcome, failures: 3 })).finish).toMatchObject({ failures: 4, dueInMs: 80_000 })
    expect((await register({ outcome, failures: 50 })).finish.dueInMs).toBe(15 * 60_000)
    // However long Divar or its token route was away, a subscription is kept.
    expect((await register({ outcome, failures: 99 })).finish.dueInMs).toBe(6 * HOUR_MS)
  })

  test('that ends with 429 holds all others as long as Divar asks, for an hour at most', async () => {
    const limited = (more: object) => register({ outcome: { kind: 'rate_limited', divar: { status: 429 }, ...more } })
    expect((await limited({})).finish).toMatchObject({ dueInMs: 10_000, holdMs: 60_000 })
    expect((await limited({ retryAfterSeconds: 30 })).finish.holdMs).toBe(30_000)
    expect((await limited({ retryAfterSeconds: 86_400 })).finish.holdMs).toBe(HOUR_MS)
  })

  test('after a refused token refreshes the grant, unless its token is so young that Divar may not know it yet', async () => {
    const failure = { code: 'token_refused', divar: { status: 401 } }
    expect((await register({ failure, grant: { pairAgeMs: 10_000 } })).isDue).toBe(false)
    expect((await register({ failure, failures: 1, grant: { pairAgeMs: 61_000 } })).isDue).toBe(true)
  })

  test('after each new token was refused, too, refreshes the grant ever more rarely', async () => {
    const failure = { code: 'token_refused', divar: { status: 401 } }
    const isDueAt = async (failures: number, pairAgeMs: number) =>
      (await register({ failure, failures, grant: { pairAgeMs } })).isDue
    expect([await isDueAt(4, 7 * 60_000), await isDueAt(4, 8 * 60_000)]).toEqual([false, true])
  })

  test('does not believe a life of a token that cannot be true', async () => {
    const isDue = async (grant: Partial<Grant>) => (await register({ grant })).isDue
    // Read by a clock that is ahead, a token ends before it was made: its grant is not refreshed each second.
    expect([await isDue({ accessMs: 0 }), await isDue({ accessMs: -60_000, pairAgeMs: 60_000 })]).toEqual([false, true])
    expect((await register({ grant: { accessMs: 0 } })).finish.dueInMs).toBe(60_000)
    // One that is said to live a month may live an hour.
    expect((await register({ grant: { accessMs: 720 * HOUR_MS } })).finish.dueInMs).toBe(6 * HOUR_MS)
  })

  test('refreshes a grant whose token was stored by a clock that was a day ahead', async () => {
    const { isDue, finish } = await register({ grant: { accessMs: 25 * HOUR_MS, pairAgeMs: -24 * HOUR_MS } })
    expect(isDue).toBe(true)
    expect(finish.dueInMs).toBe(0.9 * HOUR_MS)
  })

  test('is not made with a grant that lost the scope or is of another user', async () => {
    for (const grant of [{ scopes: [readScope('USER_ID')] }, { userId: 'u-2' }]) {
      const { finish, asked } = await register({ grant })
      expect([asked, finish.result?.outcome, finish.dueInMs]).toEqual([[], 'uncovered', undefined])
    }
  })

  test('is not made for a row whose caller was altered', async () => {
    const { finish, asked } = await register({ caller: 'another' })
    expect([asked, finish.result, finish.dueInMs]).toEqual([[], undefined, HOUR_MS])
  })
})

test('retries spread over half of their delay', () => {
  expect([retryInMs(1, 0), retryInMs(1, 1), retryInMs(2, 0)]).toEqual([5000, 10_000, 10_000])
})
