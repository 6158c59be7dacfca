import { describe, expect, test } from '@jest/globals'
import { clickMenu, LANDING, messageTo, sendWithoutToken, completeFlow } from '../support/consent.ts'
import { withMembers } from '../support/divar-proxy.ts'
import {
  allGrants,
  chatOf,
  granting,
  grantsOf,
  ON_DENIED,
  startConsentSetup,
  tripleOf,
  type ConsentSetup,
} from '../support/consent-setup.ts'
import { parseJson } from '../support/requests.ts'

describe('a token answer with fewer scopes than requested', () => {
  test.each([
    [
      'only a part',
      ['chat', 'phone', 'offline'],
      'v2',
      (setup: ConsentSetup) => `${chatOf(setup)} USER_ID offline_access`,
    ],
    ['no USER_ID, which verifies the user', ['chat'], 'v2', chatOf],
    ['another chat', ['chat'], 'v2', () => 'CONVERSATION_SEND_MESSAGE.another USER_ID'],
    ['unrelated scopes', ['phone'], 'v2', () => 'USER_ADDONS_CREATE USER_ID'],
    ['nothing', ['chat'], 'v2', () => ''],
    [
      'an unverified user, only a part',
      ['chat', 'phone'],
      'v1',
      (setup: ConsentSetup) => `CHAT_MESSAGE_SEND.${tripleOf(setup)}`,
    ],
    ['an unverified user, another chat', ['chat'], 'v1', () => 'CHAT_MESSAGE_SEND.YTpiOmM='],
    ['an unverified user, only the scopes other than the chat’s', ['chat', 'phone'], 'v1', () => 'USER_PHONE USER_ID'],
  ] as const)('counts as a refusal, and none of it is stored or used: %s', async (_, scopes, wire, scopeOf) => {
    const setup = await startConsentSetup({ scopes: [...scopes] })
    setup.proxy.onToken(granting(scopeOf(setup)))
    expect(await completeFlow(await clickMenu(setup.at, 'buyer', wire))).toMatchObject({
      status: 303,
      location: ON_DENIED,
    })
    expect(await allGrants(setup)).toEqual([])
    const { status, text } = await sendWithoutToken(setup.gateway, messageTo(setup.divar))
    expect([status, parseJson(text)['code']]).toEqual([403, 'consent_required'])
    expect(await clickMenu(setup.at, 'buyer', wire)).toContain('/oauth/start/')
  })

  test.each([
    ['a list', ['USER_ID']],
    ['null', null],
    ['a number', 7],
    ['an object', {}],
  ])('is refused, and nothing is stored, if its scope cannot be read: %s', async (_, scope) => {
    const setup = await startConsentSetup({ scopes: ['chat'] })
    setup.proxy.onToken(granting(scope))
    expect((await completeFlow(await clickMenu(setup.at))).status).toBe(502)
    expect(await setup.gateway.logged('consent.refused')).toMatchObject({ reason: expect.stringContaining('scope') })
    expect(await allGrants(setup)).toEqual([])
  })
})

describe('a token answer is accepted although', () => {
  test('it names more scopes than requested: all are stored for a verified user', async () => {
    const setup = await startConsentSetup({ scopes: ['chat'] })
    setup.proxy.onToken(granting(`${chatOf(setup)} USER_ID USER_PHONE`))
    expect((await completeFlow(await clickMenu(setup.at))).location).toContain(LANDING)
    expect((await grantsOf(setup.gateway, setup.divar.world.people.buyer.v2Id))[0]?.scopes).toContain('USER_PHONE')
  })

  test('it names no USER_ID and no id is compared', async () => {
    const setup = await startConsentSetup({ scopes: ['chat'] })
    setup.proxy.onToken(granting(`CHAT_MESSAGE_SEND.${tripleOf(setup)} ${chatOf(setup)}`))
    expect((await completeFlow(await clickMenu(setup.at, 'buyer', 'v1'))).location).toContain(LANDING)
  })

  test('it names no offline_access but has a refresh token', async () => {
    const setup = await startConsentSetup()
    setup.proxy.onToken(granting(`${chatOf(setup)} USER_ID`))
    expect((await completeFlow(await clickMenu(setup.at))).location).toContain(LANDING)
    // So a later consent that cannot be refreshed does not take its place.
    expect((await grantsOf(setup.gateway, setup.divar.world.people.buyer.v2Id))[0]?.scopes).toContain('offline_access')
    expect(await clickMenu(setup.at)).toContain(LANDING)
  })

  test('it has no scope member: the requested scopes are granted', async () => {
    const setup = await startConsentSetup()
    setup.proxy.onToken(granting(undefined))
    expect((await completeFlow(await clickMenu(setup.at))).location).toContain(LANDING)
    expect(await clickMenu(setup.at)).toContain(LANDING)
  })
})

describe('on v1, where the user cannot be verified, scopes other than the chat’s', () => {
  const OTHER = 'USER_PHONE'

  test('are stored when the answer names the chat', async () => {
    const setup = await startConsentSetup({ scopes: ['chat', OTHER] })
    expect((await completeFlow(await clickMenu(setup.at, 'buyer', 'v1'))).location).toContain(LANDING)
    const [grant] = await grantsOf(setup.gateway, setup.divar.world.people.buyer.v1Id)
    expect(grant?.scopes).toEqual(expect.arrayContaining([OTHER, `CHAT_MESSAGE_SEND.${tripleOf(setup)}`]))
    expect(await clickMenu(setup.at, 'buyer', 'v1')).toContain(LANDING)
  })

  test('are dropped when it names no scopes', async () => {
    const setup = await startConsentSetup({ scopes: ['chat', OTHER] })
    setup.proxy.onToken(granting(undefined))
    expect((await completeFlow(await clickMenu(setup.at, 'buyer', 'v1'))).location).toContain(LANDING)
    const [grant] = await grantsOf(setup.gateway, setup.divar.world.people.buyer.v1Id)
    expect(grant?.scopes).toContain(`CHAT_MESSAGE_SEND.${tripleOf(setup)}`)
    expect(grant?.scopes).not.toContain(OTHER)
  })

  test('are not stored when they were not requested', async () => {
    const setup = await startConsentSetup({ scopes: ['chat'] })
    setup.proxy.onToken(granting(`CHAT_MESSAGE_SEND.${tripleOf(setup)} ${chatOf(setup)} USER_ID USER_PHONE`))
    expect((await completeFlow(await clickMenu(setup.at, 'buyer', 'v1'))).location).toContain(LANDING)
    expect((await grantsOf(setup.gateway, setup.divar.world.people.buyer.v1Id))[0]?.scopes).not.toContain('USER_PHONE')
  })

  test('cannot be requested without the chat’s', async () => {
    const setup = await startConsentSetup({ scopes: ['phone'] })
    setup.divar.conversation.change({ wire: 'v1' })
    await clickMenu(setup.at, 'buyer', 'v1').catch(() => undefined)
    expect((await setup.gateway.logged('click.refused'))['code']).toBe('resolver_failed')
  })
})

test.each([
  ['milliseconds in expires_in', { expires_in: 3_600_000 }, 1],
  ['the end in seconds in expires_in', { expires_in: Math.floor(Date.now() / 1000) + 3600 }, 1],
  ['the end in milliseconds', { expires_in: undefined, expires: Date.now() + 3_600_000 }, 1],
  ['the end in seconds, as text', { expires_in: undefined, expires: String(Math.floor(Date.now() / 1000) + 3600) }, 1],
  ['nonsense', { expires_in: 1e300 }, 30 * 24],
])('a token whose lifetime is given as %s is used for hours, not for years', async (_, members, hours) => {
  const setup = await startConsentSetup({ scopes: ['chat'] })
  setup.proxy.onToken(withMembers(members))
  expect((await completeFlow(await clickMenu(setup.at))).status).toBe(303)
  const [grant] = await grantsOf(setup.gateway, setup.divar.world.people.buyer.v2Id)
  const left = (Date.parse(grant?.access_expires_at ?? '') - Date.now()) / 3_600_000
  expect(Math.round(left)).toBe(hours)
})
