import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { App } from '../../src/simulator/authorization.ts'
import { Grants, type Issued } from '../../src/simulator/grants.ts'
import type { Handled } from '../../src/simulator/http.ts'
import { handleOauth, type OauthDeps } from '../../src/simulator/oauth.ts'
import { chatResource } from '../../src/simulator/scopes.ts'
import { createWorld } from '../../src/simulator/world.ts'

const CALLBACK = 'http://127.0.0.1:9/callback'
const APP: App = { slug: 'app', clientSecret: 'client-secret', apiKey: 'api-key' }
const AUTHORIZATION = {
  client_id: 'app',
  redirect_uri: CALLBACK,
  response_type: 'code',
  scope: 'USER_ID offline_access',
  state: '0123456789abcdef',
}
const MINUTE = 60_000
const world = createWorld()

let clock = 0
let grants = new Grants({ now: () => clock })
beforeEach(() => {
  clock = 1_700_000_000_000
  grants = new Grants({ now: () => clock })
})

function handle(method: string, path: string, body: string, type: string, deps: Partial<OauthDeps> = {}): Handled {
  const received = { method, path, headers: { 'content-type': type }, body }
  const handled = handleOauth(received, { world, grants, app: APP, activeSide: 'buyer', ...deps })
  if (handled === undefined) throw new Error(`nobody answers ${method} ${path}`)
  return handled
}

const FORM = 'application/x-www-form-urlencoded'
const ask = (query: string, app: Partial<App> = {}) =>
  handle('GET', `/oauth2/auth?${query}`, '', '', { app: { ...APP, ...app } })
const askWith = (change: Record<string, string>, app: Partial<App> = {}) =>
  ask(new URLSearchParams({ ...AUTHORIZATION, ...change }).toString(), app)
const post = (path: string, fields: Record<string, string>, deps: Partial<OauthDeps> = {}) =>
  handle('POST', path, new URLSearchParams(fields).toString(), FORM, deps)
const CLIENT = { client_id: 'app', client_secret: 'client-secret', redirect_uri: CALLBACK }

function issue(scopes = ['USER_ID', 'offline_access']): { code: string; issued: Issued } {
  const code = grants.issueCode({ side: 'buyer', scopes }, CALLBACK, undefined)
  return { code, issued: got(grants.exchange(code, CALLBACK, undefined)) }
}

function got(issued: Issued | string): Issued {
  if (typeof issued === 'string') throw new Error(issued)
  return issued
}

describe('a grant', () => {
  test('ends with all its refreshed tokens when its code is used twice', () => {
    const { code, issued } = issue()
    const second = got(grants.refresh(issued.refreshToken ?? ''))
    const third = got(grants.refresh(second.refreshToken ?? ''))
    const other = issue().issued
    expect(grants.exchange(code, CALLBACK, undefined)).toEqual(expect.stringContaining('used before'))
    for (const { accessToken, refreshToken } of [issued, second, third]) {
      expect(grants.find(accessToken)).toBeUndefined()
      expect(grants.refresh(refreshToken ?? '')).toEqual(expect.any(String))
    }
    expect(grants.find(other.accessToken)).toMatchObject({ side: 'buyer' })
  })

  test('has a refresh token only with offline_access, valid for 30 days', () => {
    expect(issue(['USER_ID']).issued.refreshToken).toBeUndefined()
    const { refreshToken = '' } = issue().issued
    clock += 30 * 24 * 60 * MINUTE - 1
    const last = got(grants.refresh(refreshToken))
    clock += 30 * 24 * 60 * MINUTE
    expect(grants.refresh(last.refreshToken ?? '')).toEqual(expect.any(String))
  })

  test('keeps its old pair for exactly two minutes after a refresh', () => {
    const { accessToken, refreshToken = '' } = issue().issued
    grants.refresh(refreshToken)
    clock += 2 * MINUTE - 1
    expect(grants.find(accessToken)).toMatchObject({ side: 'buyer' })
    expect(grants.refresh(refreshToken)).toMatchObject({ side: 'buyer' })
    clock += 1
    expect(grants.find(accessToken)).toBe('expired')
    expect(grants.refresh(refreshToken)).toEqual(expect.any(String))
  })

  test('whose access tokens have all expired can still be refreshed', () => {
    const { accessToken, refreshToken = '' } = issue().issued
    grants.expireAll()
    expect(grants.find(accessToken)).toBe('expired')
    expect(grants.find(got(grants.refresh(refreshToken)).accessToken)).toMatchObject({ side: 'buyer' })
  })

  test('that a user revokes removes everything of that side and nothing of the other', () => {
    const { issued } = issue()
    const waiting = grants.issueCode({ side: 'buyer', scopes: ['USER_ID'] }, CALLBACK, undefined)
    grants.seed({ accessToken: 'of-the-seller', side: 'seller', scopes: ['USER_ID'] })
    grants.revoke('buyer')
    expect(grants.find(issued.accessToken)).toBeUndefined()
    expect(grants.refresh(issued.refreshToken ?? '')).toEqual(expect.any(String))
    expect(grants.exchange(waiting, CALLBACK, undefined)).toEqual(expect.any(String))
    expect(grants.find('of-the-seller')).toMatchObject({ side: 'seller' })
  })

  test('is removed, the oldest first, above ten thousand; one from the start never expires', () => {
    for (let number = 0; number <= 10_000; number += 1) {
      grants.seed({ accessToken: `token-${number}`, side: 'buyer', scopes: [] })
    }
    clock += 365 * 24 * 60 * MINUTE
    expect(grants.find('token-0')).toBeUndefined()
    expect(grants.find('token-1')).toMatchObject({ side: 'buyer' })
  })
})

test("the sample's own scope of one chat is reproduced byte for byte", () => {
  expect(chatResource(world, 'buyer')).toBe(
    'ZTliYThhODEtOTU4My00ZjdjLWFmNTQtYjA3ZGYwODlkOTcxOkFaZjNVcXIzOjE2OTcwMDRmLWU5MDItNDRjMi1iYmJlLWJmOGUyMGQ1NGJmZg==',
  )
})

describe('the consent page', () => {
  test('has the side of the phone that opened it selected, and each scope in words and as written', () => {
    const { body, headers } = askWith({ scope: 'CONVERSATION_SEND_MESSAGE.x&y USER_PHONE', lang: 'en' }).answer
    expect(body).toContain('value="buyer" checked')
    expect(body).not.toContain('value="seller" checked')
    expect(body).toContain('Send messages in this chat in your name<code>CONVERSATION_SEND_MESSAGE.x&#38;y</code>')
    expect(body).toContain('See your phone number<code>USER_PHONE</code>')
    expect(headers['cache-control']).toBe('no-store')
    // Chromium holds the redirect after the form to it too.
    expect(headers['content-security-policy']).not.toContain('form-action')
  })

  test('takes scopes of the v1 notation, joined by +', () => {
    const { scope: _, ...rest } = AUTHORIZATION
    const query = new URLSearchParams(rest).toString()
    const { answer } = ask(`${query}&scope=USER_PHONE+CHAT_SEND_MESSAGE_POST_CONVERSATIONS__AZf3Uqr3`)
    expect(answer.body).toContain('<code>USER_PHONE</code>')
    expect(answer.body).toContain('<code>CHAT_SEND_MESSAGE_POST_CONVERSATIONS__AZf3Uqr3</code>')
  })

  test('refuses an unregistered address, and adds a note if none is registered', () => {
    expect(askWith({}, { redirectUris: ['https://app.example/cb'] }).answer.status).toBe(400)
    expect(askWith({}, { redirectUris: [CALLBACK] }).entry.notes).toEqual(['The user is asked.'])
    expect(askWith({}).entry.notes.join(' ')).toContain('takes registered ones alone')
  })

  test.each(['', '        ', 'short'])('refuses the state %j', (state) => {
    expect(askWith({ state }).answer).toMatchObject({ status: 400, body: expect.stringContaining('state') })
  })

  test('is checked again when the user decides', () => {
    const decision = { ...AUTHORIZATION, redirect_uri: 'https://evil.example/', side: 'seller', decision: 'allow' }
    const { answer, entry } = post('/oauth2/auth/decision', decision, { app: { ...APP, redirectUris: [CALLBACK] } })
    expect([answer.status, answer.headers['location'], entry.outcome]).toEqual([400, undefined, 'refused'])
  })
})

describe('the token route', () => {
  test('requires the verifier if there was a challenge', () => {
    const verifier = 'v'.repeat(43)
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const code = grants.issueCode({ side: 'buyer', scopes: ['USER_ID'] }, CALLBACK, challenge)
    const exchange = { ...CLIENT, grant_type: 'authorization_code', code }
    expect(post('/oauth2/token', exchange).answer.status).toBe(400)
    expect(post('/oauth2/token', { ...exchange, code_verifier: verifier }).answer.status).toBe(200)
  })

  test.each([
    [{ code: 'current', redirect_uri: CALLBACK }, ''],
    [{ redirect_uri: CALLBACK }, 'asks for code = the current access token'],
    [{ code: 'other', redirect_uri: CALLBACK }, 'asks for code = the current access token'],
    [{ code: 'current', redirect_uri: '' }, 'asks for redirect_uri'],
  ])('refreshes with %j and notes what the documentation requires', (fields, told) => {
    const { accessToken, refreshToken = '' } = issue().issued
    const code = 'code' in fields && fields.code === 'current' ? { code: accessToken } : {}
    const refresh = { ...CLIENT, grant_type: 'refresh_token', refresh_token: refreshToken, ...fields, ...code }
    const { answer, entry } = post('/oauth2/token', refresh)
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    if (told === '') expect(entry.notes).toEqual([])
    else expect(entry.notes.join(' ')).toContain(told)
  })

  test.each([{}, { grant_type: 'authorization_code' }, { grant_type: 'refresh_token' }])(
    '%j alone is an invalid_request',
    (fields) => {
      const { answer, entry } = post('/oauth2/token', { ...CLIENT, ...fields })
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('"invalid_request"')])
      expect(entry).toMatchObject({ kind: 'token', outcome: 'refused' })
    },
  )

  test('reports JSON in place of a form', () => {
    const { answer, entry } = handle('POST', '/oauth2/token', JSON.stringify(CLIENT), 'application/json')
    expect([answer.status, entry.notes]).toEqual([400, ['The body is not form-encoded.']])
  })

  test("of v1 answers with the expiry time by the simulator's clock", () => {
    const code = grants.issueCode({ side: 'buyer', scopes: ['USER_ID'] }, CALLBACK, undefined)
    const path = '/v1/open-platform/oauth/access_token'
    const exchange = (client_id: string) =>
      handle('POST', path, JSON.stringify({ code, client_id, client_secret: 'api-key' }), 'application/json').answer
    expect(exchange('other')).toMatchObject({ status: 401, body: expect.stringContaining('invalid_client') })
    const { body, headers } = exchange('app')
    expect(JSON.parse(body)).toMatchObject({ expires: String(clock / 1000 + 3600), refresh_token: expect.any(String) })
    expect(headers['cache-control']).toBe('no-store')
  })
})

test('no request makes it throw', () => {
  const path = fc.oneof(
    fc.constantFrom('//', 'http://', '*', '', '/oauth2/auth?%', '/oauth2/token', '/oauth2/auth/decision'),
    fc.constantFrom('/v1/open-platform/oauth/access_token'),
    fc.string().map((query) => `/oauth?${query}`),
  )
  const body = fc.oneof(fc.string(), fc.json())
  const deps = { world, grants, app: APP, activeSide: 'buyer' as const }
  fc.assert(
    fc.property(fc.constantFrom('GET', 'POST'), path, body, fc.constantFrom(FORM, ''), (method, at, text, type) => {
      handleOauth({ method, path: at, headers: { 'content-type': type }, body: text }, deps)
    }),
  )
})
