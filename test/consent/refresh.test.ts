import { describe, expect, test } from '@jest/globals'
import type { Environment } from '../../src/process/config.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import {
  clicked,
  messageTo,
  refreshesAt,
  sendWithoutToken,
  startConsentDivar,
  startConsentGateway,
  walk,
  withConsent,
} from '../support/consent.ts'
import { DATABASES, query } from '../support/databases.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { inFile } from '../support/stores.ts'

const HOUR_MS = 60 * 60 * 1000

/** A Divar that gives tokens of so many seconds, and a gateway where the buyer has consented; what comes next is good for an hour. */
async function consentedFor(seconds: number, kind: 'sqlite' | 'postgres' = 'sqlite') {
  const { divar, pass } = await startConsentDivar()
  divar.grants.accessMs = seconds * 1000
  const environment = await withConsent(divar.url, { on: kind })
  const gateway = await startOn(environment)
  await walk(await clicked({ url: gateway.url, divar }))
  divar.grants.accessMs = HOUR_MS
  return { divar, pass, gateway, environment }
}

/** The same store with another gateway, its rows changed in between. */
async function anew(gateway: TestGateway, environment: Environment, statement: string): Promise<TestGateway> {
  await gateway.stop()
  const url = String(environment['DATABASE_URL'])
  if (url.startsWith('file:')) inFile(url, (file) => file.exec(statement))
  else await query(url, statement)
  return startOn(environment)
}

/** Divar's own clock is an hour on, while the gateway still believes in its token; the pair is old enough to be doubted. */
const AGED = 'update user_grant set refreshed_at = refreshed_at - 3600000'

function send(gateway: TestGateway, divar: Simulator) {
  return sendWithoutToken(gateway, messageTo(divar))
}

describe.each(DATABASES)('with %s, a token', (kind) => {
  test('that has little time left is refreshed before it is used, once for a hundred sends', async () => {
    const { divar, gateway } = await consentedFor(30, kind)
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(gateway, divar)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(refreshesAt(divar)).toBe(1)
  })

  test('that Divar refuses before its time is refreshed once, and the same send goes through', async () => {
    const { divar, gateway, environment } = await consentedFor(3600, kind)
    const later = await anew(gateway, environment, AGED)
    divar.grants.expireAll()
    expect((await send(later, divar)).status).toBe(200)
    expect((await send(later, divar)).status).toBe(200)
    expect(refreshesAt(divar)).toBe(1)
    expect(divar.received.map(({ headers }) => headers.authorization)).toHaveLength(3)
  })

  test('and its refresh token both rotate: the next refresh goes with the new pair', async () => {
    const { divar, pass, gateway } = await consentedFor(30, kind)
    divar.grants.accessMs = 30_000
    for (let times = 0; times < 3; times += 1) {
      expect((await send(gateway, divar)).status).toBe(200)
      // The former pair is of no use any more.
      pass(5 * 60 * 1000)
    }
    expect(refreshesAt(divar)).toBe(3)
    const tokens = divar.received.map(({ headers }) => headers.authorization)
    expect(new Set(tokens).size).toBe(3)
  })
})

test('a pair that was just refreshed and is refused all the same is not refreshed again and again', async () => {
  const { divar, gateway } = await consentedFor(3600)
  for (let times = 0; times < 5; times += 1) {
    divar.grants.expireAll()
    const { status, text } = await send(gateway, divar)
    expect([status, parseJson(text)['code']]).toEqual([403, 'token_refused'])
  }
  expect(refreshesAt(divar)).toBe(0)
})

test('without a refresh token the refusal of Divar is told, with a link for the user', async () => {
  const gateway = await startConsentGateway({ scopes: ['chat'] })
  await walk(await clicked(gateway))
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
    'with %s leaves a token in use that is still good, and is tried again',
    async (fault) => {
      const { divar, gateway } = await consentedFor(30)
      divar.conversation.faults.arm(fault, 1)
      expect((await send(gateway, divar)).status).toBe(200)
      expect(await gateway.logged('grant.not_refreshed')).toMatchObject({ level: 'warn' })
    },
  )

  test.each(['token_500', 'token_reset'] as const)(
    'with %s and no good token is told as not sent, which may be repeated',
    async (fault) => {
      const { divar, gateway, environment } = await consentedFor(30)
      const later = await anew(gateway, environment, 'update user_grant set access_until = 0')
      divar.conversation.faults.arm(fault, 1)
      const { status, text } = await send(later, divar)
      expect([status, parseJson(text)]).toEqual([502, expect.objectContaining({ code: 'not_sent', retryable: true })])
      expect(divar.received).toEqual([])
    },
  )

  test('half way, when Divar has rotated and nobody heard of it, is made good within two minutes', async () => {
    const { divar, gateway, environment } = await consentedFor(30)
    divar.conversation.faults.arm('token_reset_after', 1)
    expect((await send(gateway, divar)).status).toBe(200)
    // The rest after a failure is over.
    const later = await anew(gateway, environment, 'update user_grant set lease_until = 0')
    expect((await send(later, divar)).status).toBe(200)
    expect(refreshesAt(divar)).toBe(2)
  })

  test('for good, since Divar knows the token no more, ends the grant, and the user is asked anew', async () => {
    const { divar, gateway } = await consentedFor(30)
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
    expect(await clicked({ url: gateway.url, divar })).toContain('/oauth/start/')
  })
})
