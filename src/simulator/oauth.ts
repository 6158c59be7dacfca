import * as z from 'zod'
import { readAuthorization, withQuery, type App, type NoAuthorization } from './authorization.ts'
import type { Grants, Issued } from './grants.ts'
import { answerJson, type Answer, type Handled, type Received, type Told } from './http.ts'
import { consentPage, refusalPage } from './oauth-page.ts'
import { isOfAnother } from './scopes.ts'
import type { Side } from './shown.ts'
import type { World } from './world.ts'

export type OauthDeps = {
  world: World
  grants: Grants
  app: App
  /** Whose phone the page was opened on. */
  activeSide: Side
  /** The next code is treated as too old, because the simulator was told so. */
  codeExpired?: boolean
  /** The user comes back with this state of somebody else's walk, because the simulator was told so. */
  stolenState?: string | undefined
}

/** The consent walk on the platform's side: its page, the decision, tokens of both eras. Undefined when the request is for none of these. */
export function handleOauth(received: Received, deps: OauthDeps): Handled | undefined {
  const [pathname = '', ...query] = received.path.split('?')
  const searchParams = new URLSearchParams(query.join('?'))
  switch (`${received.method} ${pathname}`) {
    case 'GET /oauth2/auth':
    case 'GET /oauth':
      return showConsent(searchParams, deps)
    case 'POST /oauth2/auth/decision':
      return decide(new URLSearchParams(received.body), deps)
    case 'POST /oauth2/token':
      return token(received, deps)
    case 'POST /v1/open-platform/oauth/access_token':
      return tokenV1(received.body, deps)
    default:
      return undefined
  }
}

function refusedConsent(read: NoAuthorization): Handled {
  const told = (why: string): Told => ({ kind: 'consent', outcome: 'refused', notes: [why] })
  if ('page' in read) return { answer: refusalPage(read.page), told: told(read.page) }
  return { answer: redirect(read.back), told: told(read.why) }
}

function showConsent(query: URLSearchParams, deps: OauthDeps): Handled {
  const read = readAuthorization(query, deps.app)
  if (!('scopes' in read)) return refusedConsent(read)
  const language = query.get('lang') === 'en' ? 'en' : 'fa'
  const answer = consentPage(read, deps.world, deps.activeSide, language)
  const notes = ['The user is asked.']
  if (!deps.app.redirectUris) notes.push('Any redirect_uri is taken here; the platform takes registered ones alone.')
  return { answer, told: { kind: 'consent', outcome: 'ok', notes } }
}

function decide(form: URLSearchParams, deps: OauthDeps): Handled {
  const read = readAuthorization(form, deps.app)
  if (!('scopes' in read)) return refusedConsent(read)
  const side: Side = form.get('side') === 'seller' ? 'seller' : 'buyer'
  const { redirectUri, scopes, challenge } = read
  const state = deps.stolenState ?? read.state
  const stolen =
    deps.stolenState === undefined ? [] : ['The simulator was told to send back the state of another walk.']
  if (form.get('decision') !== 'allow') {
    const denial = { error: 'access_denied', error_description: 'The resource owner denied the request', state }
    const told: Told = { kind: 'consent', outcome: 'refused', side, notes: ['The user denied.', ...stolen] }
    return { answer: redirect(withQuery(redirectUri, denial)), told }
  }
  if (scopes.some((scope) => isOfAnother(scope, deps.world, side))) {
    const why = 'A scope is about a chat in the name of another user than the one who is logged in.'
    return refusedConsent({
      back: withQuery(redirectUri, { error: 'invalid_scope', error_description: why, state }),
      why,
    })
  }
  const code = deps.grants.issueCode({ side, scopes: scopes.map(({ raw }) => raw) }, redirectUri, challenge)
  const told: Told = {
    kind: 'consent',
    outcome: stolen.length > 0 ? 'faulted' : 'ok',
    side,
    notes: ['The user allowed.', ...stolen],
  }
  return {
    answer: redirect(withQuery(redirectUri, { code, state, scope: scopes.map(({ raw }) => raw).join(' ') })),
    told,
  }
}

function token({ headers, body }: Received, deps: OauthDeps): Handled {
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? ''))
    return refusedToken('invalid_request', 'The body is not form-encoded.')
  const { grants, app } = deps
  const form = new URLSearchParams(body)
  const get = (name: string) => form.get(name) ?? ''
  if (get('client_id') !== app.slug || get('client_secret') !== app.clientSecret) {
    return refusedToken('invalid_client', 'client_id or client_secret is wrong.', 401)
  }
  if (get('grant_type') === '') return refusedToken('invalid_request', 'There is no grant_type.')
  if (get('grant_type') === 'authorization_code') {
    if (get('code') === '') return refusedToken('invalid_request', 'There is no code.')
    const issued = deps.codeExpired
      ? 'The code has expired, because the simulator was told so.'
      : grants.exchange(get('code'), get('redirect_uri'), form.get('code_verifier') ?? undefined)
    return typeof issued === 'string' ? refusedToken('invalid_grant', issued) : issuedToken(issued)
  }
  if (get('grant_type') !== 'refresh_token')
    return refusedToken('unsupported_grant_type', 'grant_type is neither authorization_code nor refresh_token.')
  if (get('refresh_token') === '') return refusedToken('invalid_request', 'There is no refresh_token.')
  const notes = []
  if (grants.partnerOf(get('refresh_token')) !== get('code'))
    notes.push('The documentation asks for code = the current access token beside refresh_token.')
  if (get('redirect_uri') === '') notes.push('The documentation asks for redirect_uri beside refresh_token.')
  const issued = grants.refresh(get('refresh_token'))
  return typeof issued === 'string' ? refusedToken('invalid_grant', issued) : issuedToken(issued, notes)
}

const v1Shape = z.looseObject({
  code: z.string(),
  client_id: z.string().optional(),
  client_secret: z.string(),
  redirect_uri: z.string().optional(),
})

/** The token route of the v1 era: JSON, the API key for a secret, and a point in time in place of a duration. */
function tokenV1(body: string, { grants, app, codeExpired }: OauthDeps): Handled {
  const read = v1Shape.safeParse(parseJson(body))
  if (!read.success) return refusedToken('invalid_request', 'Expected JSON with code and client_secret.')
  const { code, client_id: clientId = app.slug, client_secret: secret, redirect_uri: redirectUri } = read.data
  if (clientId !== app.slug) return refusedToken('invalid_client', 'client_id is not the slug of the app.', 401)
  if (secret !== app.apiKey) return refusedToken('invalid_client', 'client_secret is not the API key.', 401)
  const issued = codeExpired
    ? 'The code has expired, because the simulator was told so.'
    : grants.exchange(code, redirectUri ?? grants.redirectOf(code) ?? '', undefined)
  if (typeof issued === 'string') return refusedToken('invalid_grant', issued)
  const tokens = { access_token: issued.accessToken, expires: issued.expiresAt }
  const answer = answerJson(tokens, 200, { 'cache-control': 'no-store' })
  return { answer, told: { kind: 'token', outcome: 'ok', side: issued.side, notes: [] } }
}

function issuedToken({ accessToken, refreshToken, scopes, expiresIn, side }: Issued, notes: string[] = []): Handled {
  const body = {
    access_token: accessToken,
    expires_in: expiresIn,
    scope: scopes.join(' '),
    token_type: 'bearer',
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  }
  return {
    answer: answerJson(body, 200, { 'cache-control': 'no-store' }),
    told: { kind: 'token', outcome: 'ok', side, notes },
  }
}

function refusedToken(error: string, description: string, status = 400): Handled {
  const answer = answerJson({ error, error_description: description }, status, { 'cache-control': 'no-store' })
  return { answer, told: { kind: 'token', outcome: 'refused', notes: [description] } }
}

function redirect(location: string): Answer {
  return { status: 303, headers: { location, 'cache-control': 'no-store' }, body: '' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
