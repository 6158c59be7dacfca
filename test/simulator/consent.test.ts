import { createHash } from 'node:crypto'
import { afterAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { chatResource } from '../../src/simulator/scopes.ts'
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts'

const APP = { slug: 'app', clientSecret: 'client-secret' }
const CALLBACK = 'http://127.0.0.1:9/callback'
const AUTHORIZATION = {
  client_id: APP.slug,
  redirect_uri: CALLBACK,
  response_type: 'code',
  scope: 'USER_PHONE USER_ID offline_access',
  state: '0123456789abcdef',
}
const running: Simulator[] = []
afterAll(() => Promise.all(running.map(({ close }) => close())))

async function start(now?: () => number): Promise<Simulator> {
  const simulator = await startSimulator({ apiKey: 'api-key', app: APP, checks: 'strict', ...(now && { now }) })
  running.push(simulator)
  return simulator
}

const form = (simulator: Simulator, path: string, fields: Record<string, string>) =>
  fetch(simulator.url + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })

async function decide(simulator: Simulator, fields: Record<string, string> = {}): Promise<URL> {
  const answer = await form(simulator, '/oauth2/auth/decision', {
    ...AUTHORIZATION,
    side: 'seller',
    decision: 'allow',
    ...fields,
  })
  expect(answer.status).toBe(303)
  return new URL(answer.headers.get('location') ?? '')
}

const tokenShape = z.object({
  access_token: z.string(),
  refresh_token: z.string().optional(),
  expires_in: z.number(),
  scope: z.string(),
  token_type: z.literal('bearer'),
})

const askToken = (simulator: Simulator, fields: Record<string, string>) =>
  form(simulator, '/oauth2/token', {
    client_id: APP.slug,
    client_secret: APP.clientSecret,
    redirect_uri: CALLBACK,
    grant_type: 'authorization_code',
    ...fields,
  })

async function grant(simulator: Simulator) {
  const code = (await decide(simulator)).searchParams.get('code') ?? ''
  return tokenShape.parse(await (await askToken(simulator, { code })).json())
}

const whoIs = (simulator: Simulator, token: string, method = 'GET') =>
  fetch(`${simulator.url}/v1/open-platform/users`, {
    method,
    headers: { 'x-api-key': 'api-key', authorization: `Bearer ${token}` },
  })

describe('the consent page', () => {
  test.each(['/oauth2/auth', '/oauth'])(
    "%s asks in Persian and in English, and only the simulator's own page may frame it",
    async (path) => {
      const simulator = await start()
      const page = (lang: string) =>
        fetch(`${simulator.url}${path}?${new URLSearchParams({ ...AUTHORIZATION, lang }).toString()}`)
      const persian = await page('fa')
      expect([persian.status, persian.headers.get('content-security-policy')]).toEqual([
        200,
        expect.stringContaining("frame-ancestors 'self'"),
      ])
      expect(await persian.text()).toContain('dir="rtl"')
      expect(await (await page('en')).text()).toContain('See your phone number')
    },
  )

  test.each([
    [{ client_id: 'other' }, 'client_id'],
    [{ redirect_uri: 'javascript:alert(1)' }, 'redirect_uri'],
    [{ redirect_uri: `${CALLBACK}?x=1` }, 'redirect_uri'],
    [{ state: '' }, 'state'],
    [{ state: '"><script>', client_id: '"><script>' }, 'client_id'],
  ])('%j is shown to the user and not redirected', async (change, told) => {
    const simulator = await start()
    const answer = await fetch(
      `${simulator.url}/oauth2/auth?${new URLSearchParams({ ...AUTHORIZATION, ...change }).toString()}`,
    )
    const text = await answer.text()
    expect([answer.status, text]).toEqual([400, expect.stringContaining(told)])
    expect(text).not.toContain('<script>')
  })

  test.each([
    [{ scope: 'NO_SUCH_SCOPE' }, 'invalid_scope'],
    [{ scope: '' }, 'invalid_scope'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: 'x', code_challenge_method: 'plain' }, 'invalid_request'],
    [{ decision: 'deny' }, 'access_denied'],
  ])('%j returns to the app as %s, with its state', async (change, error) => {
    const { searchParams } = await decide(await start(), change)
    expect([searchParams.get('error'), searchParams.get('state')]).toEqual([error, AUTHORIZATION.state])
    expect(searchParams.has('code')).toBe(false)
  })

  test.each([
    'CHAT_SEND_MESSAGE_OAUTH__ZTliYThhODEtOTU4My00ZjdjLWFmNTQtYjA3ZGYwODlkOTcxOkFaZjNVcXIzOjE2OTcwMDRmLWU5MDItNDRjMi1iYmJlLWJmOGUyMGQ1NGJmZg==',
    'CONVERSATION_SEND_MESSAGE.6b3d5cf7-9291-4fa9-892a-9d07e300daea',
    'CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3',
  ])('%s is a scope in either notation', async (scope) => {
    expect((await decide(await start(), { scope, side: 'buyer' })).searchParams.get('scope')).toBe(scope)
  })

  test("the seller cannot grant a chat in the buyer's name", async () => {
    const simulator = await start()
    const scope = `CHAT_MESSAGE_SEND.${chatResource(simulator.world, 'buyer')}`
    const { searchParams } = await decide(simulator, { scope, side: 'seller' })
    expect([searchParams.get('error'), searchParams.has('code')]).toEqual(['invalid_scope', false])
  })

  test('returns the state of the previous flow on request', async () => {
    const simulator = await start()
    await decide(simulator, { state: 'the-state-of-a-victim' })
    simulator.conversation.faults.arm('stolen_state', 1)
    expect((await decide(simulator)).searchParams.get('state')).toBe('the-state-of-a-victim')
    expect((await decide(simulator)).searchParams.get('state')).toBe(AUTHORIZATION.state)
  })
})

describe('tokens', () => {
  test('a code can be used once; a second use revokes its tokens', async () => {
    const simulator = await start()
    const code = (await decide(simulator)).searchParams.get('code') ?? ''
    const first = tokenShape.parse(await (await askToken(simulator, { code })).json())
    expect((await whoIs(simulator, first.access_token)).status).toBe(200)
    const again = await askToken(simulator, { code })
    expect([again.status, await again.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_grant' })])
    expect((await whoIs(simulator, first.access_token)).status).toBe(401)
  })

  test.each([
    [{ client_secret: 'wrong' }, 401, 'invalid_client'],
    [{ redirect_uri: 'http://127.0.0.1:9/other' }, 400, 'invalid_grant'],
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [{ code: 'none' }, 400, 'invalid_grant'],
  ])('%j is refused: %i %s', async (change, status, error) => {
    const simulator = await start()
    const code = (await decide(simulator)).searchParams.get('code') ?? ''
    const answer = await askToken(simulator, { code, ...change })
    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ error })])
  })

  test('the PKCE verifier must match', async () => {
    const simulator = await start()
    const pkce = {
      code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
      code_challenge_method: 'S256',
    }
    const codes = [await decide(simulator, pkce), await decide(simulator, pkce)].map(
      (url) => url.searchParams.get('code') ?? '',
    )
    expect((await askToken(simulator, { code: codes[0] ?? '', code_verifier: 'wrong' })).status).toBe(400)
    expect((await askToken(simulator, { code: codes[1] ?? '', code_verifier: 'v'.repeat(43) })).status).toBe(200)
  })

  test('a refresh rotates both tokens; the old pair is valid for two more minutes', async () => {
    let clock = 1_000_000
    const simulator = await start(() => clock)
    const old = await grant(simulator)
    const fields = { grant_type: 'refresh_token', refresh_token: old.refresh_token ?? '', code: old.access_token }
    const fresh = tokenShape.parse(await (await askToken(simulator, fields)).json())
    expect(fresh.access_token).not.toBe(old.access_token)
    expect(fresh.refresh_token).not.toBe(old.refresh_token)
    clock += 119_000
    expect((await whoIs(simulator, old.access_token)).status).toBe(200)
    clock += 2000
    expect((await whoIs(simulator, old.access_token)).status).toBe(401)
    expect((await askToken(simulator, fields)).status).toBe(400)
    expect((await whoIs(simulator, fresh.access_token)).status).toBe(200)
  })

  test('an access token expires after an hour, a code after ten minutes', async () => {
    let clock = 1_000_000
    const simulator = await start(() => clock)
    const { access_token: token } = await grant(simulator)
    const code = (await decide(simulator)).searchParams.get('code') ?? ''
    clock += 600_000
    expect((await askToken(simulator, { code })).status).toBe(400)
    clock += 3_000_000
    expect((await whoIs(simulator, token)).status).toBe(401)
  })

  test('the v1 token route takes JSON and the API key, and answers with an expiry time', async () => {
    const simulator = await start()
    const code = (await decide(simulator)).searchParams.get('code') ?? ''
    const answer = await fetch(`${simulator.url}/v1/open-platform/oauth/access_token`, {
      method: 'POST',
      body: JSON.stringify({ code, client_secret: 'api-key' }),
    })
    expect(await answer.json()).toEqual({
      access_token: expect.stringContaining('ory_at_'),
      expires: expect.stringMatching(/^\d{10}$/),
      refresh_token: expect.stringContaining('ory_rt_'),
    })
  })

  test.each([
    ['code_expired', 400],
    ['token_500', 500],
  ])('the fault %s is answered %i once', async (fault, status) => {
    const simulator = await start()
    const code = (await decide(simulator)).searchParams.get('code') ?? ''
    await fetch(`${simulator.url}/simulator/faults`, { method: 'POST', body: JSON.stringify({ fault }) })
    expect((await askToken(simulator, { code })).status).toBe(status)
    expect((await askToken(simulator, { code })).status).toBe(200)
  })
})

test('users endpoints return what the user has granted', async () => {
  const simulator = await start()
  const { access_token: token } = await grant(simulator)
  expect(await (await whoIs(simulator, token)).json()).toEqual({
    phone_number: '09120000001',
    user_id: simulator.world.people.seller.v2Id,
  })
  expect(await (await whoIs(simulator, token, 'POST')).json()).toEqual({ phone_numbers: ['09120000001'] })
  simulator.grants.seed({ accessToken: 'chat-only', side: 'buyer', scopes: ['CONVERSATION_SEND_MESSAGE.x'] })
  expect((await whoIs(simulator, 'chat-only')).status).toBe(403)
})
