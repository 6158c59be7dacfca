import { describe, expect, test } from '@jest/globals'
import { ask, messageTo, refreshesAt, sendWithoutToken } from '../support/consent.ts'
import {
  EXPIRED,
  grantsOf,
  restartAfter,
  startConsentSetup,
  tripleOf,
  type ConsentSetup,
} from '../support/consent-setup.ts'
import type { Change } from '../support/divar-proxy.ts'
import { importGrant, tokensOf } from '../support/imports.ts'
import { startStored } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const chatScopes = ({ divar }: ConsentSetup) => [
  `CONVERSATION_SEND_MESSAGE.${divar.world.conversationId}`,
  'USER_ID',
  'offline_access',
]

async function refusalOf(setup: ConsentSetup, body: object) {
  const { status, text } = await importGrant(setup.gateway, body)
  const { code, errors } = parseJson(text)
  return { status, code, errors }
}

const usersAnswer =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Change =>
  () => ({ status, body: typeof body === 'string' ? body : JSON.stringify(body), headers })

describe.each(['sqlite', 'postgres'] as const)('POST /grants on %s', (on) => {
  test('a grant given elsewhere is used as if it were given here: for sends, in GET /grants, and refreshed', async () => {
    const setup = await startConsentSetup({ on })
    const { divar, gateway } = setup
    const body = tokensOf(divar, chatScopes(setup))
    const { status, text } = await importGrant(gateway, body)
    expect([status, parseJson(text)]).toEqual([
      201,
      {
        id: expect.stringMatching(/^grt_[\w-]{24}$/),
        user_id: body.user_id,
        proven: true,
        scopes: body.scopes,
        created_at: expect.any(String),
        refreshed_at: expect.any(String),
        access_expires_at: expect.any(String),
        expires_at: expect.any(String),
      },
    ])
    expect(text).not.toContain('ory_')
    expect(await grantsOf(gateway, body.user_id)).toHaveLength(1)
    expect((await sendWithoutToken(gateway, messageTo(divar))).status).toBe(200)
    expect(divar.received.at(-1)?.headers.authorization).toBe(`Bearer ${body.access_token}`)

    const next = await restartAfter(setup, EXPIRED)
    expect((await sendWithoutToken(next, messageTo(divar))).status).toBe(200)
    expect(refreshesAt(divar)).toBe(1)
    expect(divar.received.at(-1)?.headers.authorization).not.toBe(`Bearer ${body.access_token}`)
  })

  test('importing the same grant again, also several times at once, leaves one', async () => {
    const setup = await startConsentSetup({ on })
    const body = tokensOf(setup.divar, chatScopes(setup))
    const first = await importGrant(setup.gateway, body)
    const again = await importGrant(setup.gateway, body)
    expect(parseJson(again.text)['id']).toBe(parseJson(first.text)['id'])
    const other = tokensOf(setup.divar, chatScopes(setup), 'seller')
    const answers = await Promise.all([1, 2, 3, 4].map(() => importGrant(setup.gateway, other)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(await grantsOf(setup.gateway, body.user_id)).toHaveLength(1)
    expect(await grantsOf(setup.gateway, other.user_id)).toHaveLength(1)
  })

  test('a repeated import does not replace tokens that the gateway has refreshed since', async () => {
    const setup = await startConsentSetup({ on })
    const body = tokensOf(setup.divar, chatScopes(setup))
    const first = await importGrant(setup.gateway, body)
    const gateway = await restartAfter(setup, EXPIRED)
    expect((await sendWithoutToken(gateway, messageTo(setup.divar))).status).toBe(200)
    // Divar accepts the former pair for two more minutes.
    const again = await importGrant(gateway, body)
    expect([again.status, parseJson(again.text)['id']]).toEqual([201, parseJson(first.text)['id']])
    setup.pass(3 * 60_000)
    expect((await sendWithoutToken(gateway, messageTo(setup.divar))).status).toBe(200)
  })
})

describe('POST /grants', () => {
  test('reads scopes in the v1 notation too', async () => {
    const setup = await startConsentSetup()
    const { post } = setup.divar.world
    const body = tokensOf(setup.divar, ['USER_ID', `CHAT_SEND_MESSAGE_POST_CONVERSATIONS__${post.token}`], 'seller')
    const { status, text } = await importGrant(setup.gateway, body)
    expect([status, parseJson(text)['scopes']]).toEqual([
      201,
      ['USER_ID', `CHAT_POST_CONVERSATIONS_MESSAGE_SEND.${post.token}`],
    ])
  })

  test('a narrower import of the same tokens replaces the wider one', async () => {
    const setup = await startConsentSetup()
    const body = tokensOf(setup.divar, [...chatScopes(setup), 'USER_PHONE'])
    await importGrant(setup.gateway, body)
    await importGrant(setup.gateway, { ...body, scopes: chatScopes(setup) })
    const grants = await grantsOf(setup.gateway, body.user_id)
    expect(grants.map(({ scopes }) => scopes)).toEqual([chatScopes(setup)])
  })

  test('a refresh token of unknown age is used within days, not after weeks', async () => {
    const setup = await startConsentSetup()
    const body = tokensOf(setup.divar, chatScopes(setup))
    await importGrant(setup.gateway, body)
    const [grant] = await grantsOf(setup.gateway, body.user_id)
    const days = (Date.parse(grant?.expires_at ?? '') - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(8)
  })

  test('refuses the tokens of another user than user_id, and keeps nothing', async () => {
    const setup = await startConsentSetup()
    const { seller } = setup.divar.world.people
    const body = { ...tokensOf(setup.divar, chatScopes(setup)), user_id: seller.v2Id }
    expect(await refusalOf(setup, body)).toEqual({
      status: 400,
      code: 'invalid_grant',
      errors: [{ pointer: '/user_id', detail: expect.stringContaining('Divar says that it is another one') }],
    })
    expect(await grantsOf(setup.gateway, seller.v2Id)).toEqual([])
  })

  test.each([
    ['401', usersAnswer(401), 403, 'token_refused'],
    ['403', usersAnswer(403), 403, 'not_permitted'],
    ['429', usersAnswer(429, {}, { 'retry-after': '7' }), 429, 'rate_limited'],
    ['500', usersAnswer(500), 502, 'platform_error'],
    ['what is not JSON', usersAnswer(200, 'no'), 502, 'platform_error'],
    ['no user', usersAnswer(200, {}), 400, 'invalid_grant'],
    ['a user that is not a text', usersAnswer(200, { user_id: 7 }), 400, 'invalid_grant'],
  ] satisfies [string, Change, number, string][])(
    'when Divar answers %s to whose token it is, keeps nothing',
    async (_, change, status, code) => {
      const setup = await startConsentSetup()
      setup.proxy.onUsers(change)
      const body = tokensOf(setup.divar, chatScopes(setup))
      expect(await refusalOf(setup, body)).toMatchObject({ status, code })
      expect(await grantsOf(setup.gateway, body.user_id)).toEqual([])
      setup.proxy.asUsual()
      expect((await importGrant(setup.gateway, body)).status).toBe(201)
    },
  )

  test('when Divar does not answer in time, keeps nothing', async () => {
    const setup = await startConsentSetup({ environment: { DIVAR_TIMEOUT_MS: '100' } })
    const { promise: end, resolve } = Promise.withResolvers<undefined>()
    setup.proxy.onUsers(() => end)
    const body = tokensOf(setup.divar, chatScopes(setup))
    expect(await refusalOf(setup, body)).toMatchObject({ status: 502, code: 'platform_error' })
    resolve(undefined)
    expect(await grantsOf(setup.gateway, body.user_id)).toEqual([])
  })

  describe('for a user with a v1 id, which Divar does not return', () => {
    const v1Body = (setup: ConsentSetup, more: readonly string[]) => ({
      ...tokensOf(setup.divar, [`CHAT_MESSAGE_SEND.${tripleOf(setup)}`, ...more]),
      user_id: setup.divar.world.people.buyer.v1Id,
    })

    test.each([[['USER_ID', 'offline_access']], [['offline_access']]])(
      'accepts the scopes of that user’s chat with %p',
      async (more) => {
        const setup = await startConsentSetup()
        const { people, post } = setup.divar.world
        const { status, text } = await importGrant(setup.gateway, v1Body(setup, more))
        expect([status, parseJson(text)['proven']]).toEqual([201, more.includes('USER_ID')])
        expect(await grantsOf(setup.gateway, people.buyer.v1Id)).toHaveLength(1)
        const triple = { user_id: people.buyer.v1Id, post_token: post.token, peer_id: people.seller.v1Id }
        expect((await sendWithoutToken(setup.gateway, { ...triple, message: 'سلام' })).status).toBe(200)
      },
    )

    test.each(['USER_PHONE', 'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND', 'CONVERSATION_SEND_MESSAGE.c-1'])(
      'refuses %s beside it: that the token is this user’s is not proven',
      async (scope) => {
        const setup = await startConsentSetup()
        expect(await refusalOf(setup, v1Body(setup, ['USER_ID', scope]))).toMatchObject({
          status: 400,
          code: 'invalid_grant',
          errors: [{ pointer: '/scopes' }],
        })
      },
    )
  })

  test('scopes by which the user cannot be known are refused before Divar is asked', async () => {
    const setup = await startConsentSetup()
    const body = {
      ...tokensOf(setup.divar, ['USER_ID']),
      scopes: ['USER_PHONE', `CHAT_MESSAGE_SEND.${tripleOf(setup)}`],
    }
    expect(await refusalOf(setup, body)).toMatchObject({ status: 400, errors: [{ pointer: '/scopes' }] })
    expect(setup.divar.conversation.snapshot().timeline.filter(({ kind }) => kind === 'users')).toEqual([])
  })

  test('answers 501 without consent, which it names', async () => {
    const { status, text } = await importGrant(await startStored('sqlite'), {})
    expect([status, parseJson(text)['code']]).toEqual([501, 'consent_unavailable'])
  })

  test('logs no token, and no id of the user', async () => {
    const setup = await startConsentSetup()
    const body = tokensOf(setup.divar, chatScopes(setup))
    await importGrant(setup.gateway, body)
    await importGrant(setup.gateway, { ...body, expires_in: 0, refresh_tokn: 'CANARY' })
    await importGrant(setup.gateway, { ...body, user_id: 'CANARY' })
    await ask(setup.gateway, '/metrics')
    const metrics = (await ask(setup.gateway, '/metrics')).text
    await setup.gateway.logged('grant.imported')
    for (const secret of [body.access_token, body.refresh_token ?? '', body.user_id, 'CANARY']) {
      expect(secret).not.toBe('')
      expect(setup.gateway.output() + metrics).not.toContain(secret)
    }
  })
})
