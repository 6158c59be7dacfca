import { describe, expect, test } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import {
  clickMenu,
  messageTo,
  refreshesAt,
  sendWithoutToken,
  startConsentDivar,
  startConsentGateway,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { DATABASES } from '../support/databases.ts'
import type { TestGateway } from '../support/gateway.ts'
import { idOf, startOn, until } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { alter } from '../support/stores.ts'

/** Half a minute of the token's hour is left. */
const NEARLY_OVER = `update user_grant set access_until = access_until - 3570000, refreshed_at = refreshed_at - 3570000`
/** The pair is old enough to be doubted. */
const AGED = 'update user_grant set refreshed_at = refreshed_at - 3600000'

/** Short retry delays, so that a queued message is tried again soon. */
const SOON: Environment = { RETRY_MAX_MS: '1000' }

/** A gateway where the buyer has consented, on a store whose rows were then changed. */
async function consented(statement?: string, kind: 'sqlite' | 'postgres' = 'sqlite') {
  const { divar, pass } = await startConsentDivar()
  const environment = { ...(await withConsent(divar.url, { on: kind })), ...SOON }
  const first = await startOn(environment)
  await completeFlow(await clickMenu({ url: first.url, divar }))
  const gateway = statement === undefined ? first : await anew(first, environment, statement)
  return { divar, pass, gateway, environment }
}

/** The same store with another gateway, its rows changed in between. */
async function anew(gateway: TestGateway, environment: Environment, statement: string): Promise<TestGateway> {
  await gateway.stop()
  await alter(String(environment['DATABASE_URL']), statement)
  return startOn(environment)
}

function send(gateway: TestGateway, divar: Simulator) {
  return sendWithoutToken(gateway, messageTo(divar))
}

describe.each(DATABASES)('with %s, a token', (kind) => {
  test('that is about to expire is refreshed before use, once for a hundred sends', async () => {
    const { divar, gateway } = await consented(NEARLY_OVER, kind)
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(gateway, divar)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(refreshesAt(divar)).toBe(1)
  })

  test('that Divar refuses before it expires is refreshed once, and the same send succeeds', async () => {
    const { divar, gateway } = await consented(AGED, kind)
    divar.grants.expireAll()
    expect((await send(gateway, divar)).status).toBe(200)
    expect((await send(gateway, divar)).status).toBe(200)
    expect(refreshesAt(divar)).toBe(1)
    // One with the refused token, and two with the new one.
    expect(divar.received).toHaveLength(3)
    expect(new Set(divar.received.map(({ headers }) => headers.authorization)).size).toBe(2)
  })

  test('and its refresh token both rotate: the next refresh uses the new pair', async () => {
    const { divar, pass, gateway: first, environment } = await consented(NEARLY_OVER, kind)
    let gateway = first
    for (let times = 0; times < 3; times += 1) {
      expect((await send(gateway, divar)).status).toBe(200)
      // Divar no longer accepts the previous pair.
      pass(5 * 60 * 1000)
      gateway = await anew(gateway, environment, NEARLY_OVER)
    }
    expect(refreshesAt(divar)).toBe(3)
    expect(new Set(divar.received.map(({ headers }) => headers.authorization)).size).toBe(3)
  })
})

test('a token that is valid for less than a minute is used for half of that time', async () => {
  const { divar } = await startConsentDivar()
  divar.grants.accessMs = 30_000
  const gateway = await startOn(await withConsent(divar.url))
  await completeFlow(await clickMenu({ url: gateway.url, divar }))
  for (let times = 0; times < 3; times += 1) expect((await send(gateway, divar)).status).toBe(200)
  expect(refreshesAt(divar)).toBe(0)
})

test('a new pair that Divar refuses is not refreshed repeatedly', async () => {
  const { divar, gateway } = await consented()
  for (let times = 0; times < 5; times += 1) {
    divar.grants.expireAll()
    const { status, text } = await send(gateway, divar)
    expect([status, parseJson(text)['code']]).toEqual([403, 'token_refused'])
  }
  expect(refreshesAt(divar)).toBe(0)
})

test('without a refresh token Divar’s refusal is answered, with a consent link', async () => {
  const gateway = await startConsentGateway({ scopes: ['chat'] })
  await completeFlow(await clickMenu(gateway))
  gateway.divar.grants.expireAll()
  const { status, text } = await send(gateway, gateway.divar)
  expect([status, parseJson(text)]).toEqual([
    403,
    expect.objectContaining({ code: 'token_refused', consent_url: expect.stringContaining('/oauth/start/cns_') }),
  ])
  expect(refreshesAt(gateway.divar)).toBe(0)
})

describe('a refresh that fails', () => {
  test.each(['token_500', 'token_reset'] as const)(
    'with %s leaves a valid token in use, and is tried again',
    async (fault) => {
      const { divar, gateway } = await consented(NEARLY_OVER)
      divar.conversation.faults.arm(fault, 1)
      expect((await send(gateway, divar)).status).toBe(200)
      expect(await gateway.logged('grant.refresh_failed')).toMatchObject({ level: 'warn' })
    },
  )

  test.each([
    ['token_500', 'that has expired', 'update user_grant set access_until = 0', 0],
    ['token_reset', 'that has expired', 'update user_grant set access_until = 0', 0],
    ['token_500', 'that Divar refuses', AGED, 1],
    ['token_reset', 'that Divar refuses', AGED, 1],
  ] as const)(
    'with %s and the token %s is answered not_sent, which is safe to retry; a queued message waits for it',
    async (fault, _, statement, tried) => {
      const { divar, gateway } = await consented(statement)
      divar.grants.expireAll()
      divar.conversation.faults.arm(fault, 1)
      const { status, text } = await send(gateway, divar)
      expect([status, parseJson(text)]).toEqual([502, expect.objectContaining({ code: 'not_sent', retryable: true })])
      expect(divar.received).toHaveLength(tried)
      const queued = await sendWithoutToken(gateway, messageTo(divar), { headers: { prefer: 'respond-async' } })
      expect((await until(gateway, idOf(queued), 'delivered')).attempts.at(-1)).toMatchObject({ outcome: 'delivered' })
    },
  )

  test('after Divar rotated the pair, because its answer was lost, is recovered within two minutes', async () => {
    const { divar, gateway, environment } = await consented(NEARLY_OVER)
    divar.conversation.faults.arm('token_reset_after', 1)
    expect((await send(gateway, divar)).status).toBe(200)
    // The rest after a failure is over.
    const later = await anew(gateway, environment, 'update user_grant set lease_until = 0')
    expect((await send(later, divar)).status).toBe(200)
    expect(refreshesAt(divar)).toBe(2)
  })

  test('permanently, because Divar no longer knows the token, ends the grant; the user is asked again', async () => {
    const { divar, gateway } = await consented(NEARLY_OVER)
    divar.grants.revoke('buyer')
    for (let times = 0; times < 3; times += 1) {
      const { status, text } = await send(gateway, divar)
      expect([status, parseJson(text)]).toEqual([
        403,
        expect.objectContaining({ code: 'consent_required', consent_url: expect.stringContaining('/oauth/start/') }),
      ])
    }
    expect(refreshesAt(divar)).toBe(1)
    expect(await gateway.logged('grant.ended')).toMatchObject({ reason: 'invalid_grant (400)' })
    expect(await clickMenu({ url: gateway.url, divar })).toContain('/oauth/start/')
  })
})
