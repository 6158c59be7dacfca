import * as z from 'zod'
import { readAuthorization, withQuery, type App, type InvalidAuthorization } from './authorization.ts'
import { hasBrokenText, repeatedField } from './form.ts'
import type { Grants, Issued, Unusual } from './grants.ts'
import { answerJson, type Answer, type Handled, type Received, type EntryDetails } from './http.ts'
import { consentPage, refusalPage } from './oauth-page.ts'
import { readerLanguage } from './reader-language.ts'
import { fewerScopes, foreignScopes, isOfAnother } from './scopes.ts'
import type { FaultName, Side } from './shown.ts'
import type { World } from './world.ts'

export type OauthDeps = {
  world: World
  grants: Grants
  app: App
  /** Whose phone the page was opened on. */
  activeSide: Side
  /** The armed fault of this token request. */
  tokenFault?: FaultName | undefined
  /** The state of another authorization flow, which the redirect gets instead of its own: an armed fault. */
  stolenState?: string | undefined
}

/** The platform's side of the authorization flow: its page, the decision, the token routes of both versions. Undefined for other requests. */
export function handleOauth(received: Received, deps: OauthDeps): Handled | undefined {
  const [pathname = '', ...query] = received.path.split('?')
  const searchParams = new URLSearchParams(query.join('?'))
  switch (`${received.method} ${pathname}`) {
    case 'GET /oauth2/auth':
    case 'GET /oauth':
      return showConsent(searchParams, readerLanguage(received.headers.cookie), deps)
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

function refusedConsent(read: InvalidAuthorization): Handled {
  const refused = (why: string): EntryDetails => ({ kind: 'consent', outcome: 'refused', notes: [why] })
  if ('page' in read) return { answer: refusalPage(read.page), entry: refused(read.page) }
  return { answer: redirect(read.back), entry: refused(read.why) }
}

function showConsent(query: URLSearchParams, preferred: 'fa' | 'en', deps: OauthDeps): Handled {
  const read = readAuthorization(query, deps.app)
  if (!('scopes' in read)) return refusedConsent(read)
  const asked = query.get('lang')
  const language = asked === 'en' || asked === 'fa' ? asked : preferred
  const answer = consentPage(read, deps.world, deps.activeSide, language)
  const notes = ['The user is asked.']
  if (!deps.app.redirectUris) notes.push('Any redirect_uri is taken here; Divar takes registered ones alone.')
  return { answer, entry: { kind: 'consent', outcome: 'ok', notes } }
}

function decide(form: URLSearchParams, deps: OauthDeps): Handled {
  const read = readAuthorization(form, deps.app)
  if (!('scopes' in read)) return refusedConsent(read)
  const side: Side = form.get('side') === 'seller' ? 'seller' : 'buyer'
  const { redirectUri, scopes, challenge } = read
  const state = deps.stolenState ?? read.state
  const stolen =
    deps.stolenState === undefined ? [] : ['Simulated fault: the user returns with the state of another flow.']
  if (form.get('decision') !== 'allow') {
    const denial = { error: 'access_denied', error_description: 'The resource owner denied the request', state }
    const entry: EntryDetails = { kind: 'consent', outcome: 'refused', side, notes: ['The user denied.', ...stolen] }
    return { answer: redirect(withQuery(redirectUri, denial)), entry }
  }
  if (scopes.some((scope) => isOfAnother(scope, deps.world, side))) {
    const why = 'A scope is about a chat in the name of another user than the one who is logged in.'
    return refusedConsent({
      back: withQuery(redirectUri, { error: 'invalid_scope', error_description: why, state }),
      why,
    })
  }
  const code = deps.grants.issueCode({ side, scopes: scopes.map(({ raw }) => raw) }, redirectUri, challenge)
  const entry: EntryDetails = {
    kind: 'consent',
    outcome: stolen.length > 0 ? 'faulted' : 'ok',
    side,
    notes: ['The user allowed.', ...stolen],
  }
  return {
    answer: redirect(withQuery(redirectUri, { code, state, scope: scopes.map(({ raw }) => raw).join(' ') })),
    entry,
  }
}

/** How a fault changes the next tokens. */
const UNUSUAL: Partial<Record<FaultName, Unusual>> = {
  partial_scopes: { scopes: fewerScopes },
  foreign_scopes: { scopes: foreignScopes },
  no_refresh_token: { refreshable: false },
  new_token_refused: { isRefused: true },
}

function unusualOf(fault: FaultName | undefined): Unusual {
  return (fault === undefined ? undefined : UNUSUAL[fault]) ?? {}
}

const UNUSUAL_NOTES: Partial<Record<FaultName, string>> = {
  partial_scopes: 'Simulated fault: fewer scopes than requested are granted.',
  foreign_scopes: 'Simulated fault: the scope of another chat is granted.',
  no_refresh_token: 'Simulated fault: no refresh token.',
  new_token_refused: 'Simulated fault: this new access token is refused; the previous one stays valid for two minutes.',
}

function token({ headers, body }: Received, deps: OauthDeps): Handled {
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? ''))
    return refusedToken('invalid_request', 'The body is not form-encoded.')
  const { grants, app, tokenFault } = deps
  const unusual = unusualOf(tokenFault)
  const unusualNotes = notesOf(tokenFault)
  const codeIsExpired = tokenFault === 'code_expired' ? CODE_EXPIRED : undefined
  const form = new URLSearchParams(body)
  const get = (name: string) => form.get(name) ?? ''
  const repeated = repeatedField(form)
  if (repeated !== undefined) return refusedToken('invalid_request', `${repeated} is there more than once.`)
  if (hasBrokenText(form)) return refusedToken('invalid_request', 'The body is not UTF-8, or holds a NUL.')
  if (get('client_id') !== app.slug || get('client_secret') !== app.clientSecret) {
    return refusedToken('invalid_client', 'client_id or client_secret is wrong.', 401)
  }
  if (get('grant_type') === '') return refusedToken('invalid_request', 'There is no grant_type.')
  if (get('grant_type') === 'authorization_code') {
    if (get('code') === '') return refusedToken('invalid_request', 'There is no code.')
    const verifier = get('code_verifier') === '' ? undefined : get('code_verifier')
    const issued = codeIsExpired ?? grants.exchange(get('code'), get('redirect_uri'), verifier, unusual)
    return typeof issued === 'string'
      ? refusedToken('invalid_grant', issued)
      : issuedToken(issued, unusualNotes, unusualNotes.length > 0)
  }
  if (get('grant_type') !== 'refresh_token')
    return refusedToken('unsupported_grant_type', 'grant_type is neither authorization_code nor refresh_token.')
  if (get('refresh_token') === '') return refusedToken('invalid_request', 'There is no refresh_token.')
  const notes = [...unusualNotes]
  if (grants.partnerOf(get('refresh_token')) !== get('code'))
    notes.push('The documentation asks for code = the current access token beside refresh_token.')
  if (get('redirect_uri') === '') notes.push('The documentation asks for redirect_uri beside refresh_token.')
  const issued = grants.refresh(get('refresh_token'), unusual)
  return typeof issued === 'string'
    ? refusedToken('invalid_grant', issued)
    : issuedToken(issued, notes, unusualNotes.length > 0)
}

const CODE_EXPIRED = 'The code has expired, because the simulator is set so.'

function notesOf(fault: FaultName | undefined): string[] {
  const note = fault === undefined ? undefined : UNUSUAL_NOTES[fault]
  return note === undefined ? [] : [note]
}

const v1Shape = z.looseObject({
  code: z.string(),
  client_id: z.string().optional(),
  client_secret: z.string(),
  redirect_uri: z.string().optional(),
})

/** The token route of v1: JSON, the API key as client secret, and an expiry time instead of a duration. */
function tokenV1(body: string, { grants, app, tokenFault }: OauthDeps): Handled {
  const read = v1Shape.safeParse(parseJson(body))
  if (!read.success) return refusedToken('invalid_request', 'Expected JSON with code and client_secret.')
  const { code, client_id: clientId = app.slug, client_secret: secret, redirect_uri: redirectUri } = read.data
  if (clientId !== app.slug) return refusedToken('invalid_client', 'client_id is not the slug of the app.', 401)
  if (secret !== app.apiKey) return refusedToken('invalid_client', 'client_secret is not the API key.', 401)
  // v1 gives a refresh token with every access token.
  const unusual = { refreshable: true, ...unusualOf(tokenFault) }
  const issued =
    tokenFault === 'code_expired'
      ? CODE_EXPIRED
      : grants.exchange(code, redirectUri ?? grants.redirectOf(code) ?? '', undefined, unusual)
  if (typeof issued === 'string') return refusedToken('invalid_grant', issued)
  const { accessToken, refreshToken, expiresAt, side } = issued
  const tokens = { access_token: accessToken, refresh_token: refreshToken, expires: String(expiresAt) }
  const answer = answerJson(tokens, 200, { 'cache-control': 'no-store' })
  return {
    answer,
    entry: {
      kind: 'token',
      outcome: notesOf(tokenFault).length > 0 ? 'faulted' : 'ok',
      side,
      notes: notesOf(tokenFault),
    },
  }
}

function issuedToken(
  { accessToken, refreshToken, scopes, expiresIn, side }: Issued,
  notes: string[],
  isFaulted: boolean,
): Handled {
  const body = {
    access_token: accessToken,
    expires_in: expiresIn,
    scope: scopes.join(' '),
    token_type: 'bearer',
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  }
  return {
    answer: answerJson(body, 200, { 'cache-control': 'no-store' }),
    entry: { kind: 'token', outcome: isFaulted ? 'faulted' : 'ok', side, notes },
  }
}

function refusedToken(error: string, description: string, status = 400): Handled {
  const answer = answerJson({ error, error_description: description }, status, { 'cache-control': 'no-store' })
  return { answer, entry: { kind: 'token', outcome: 'refused', notes: [description] } }
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
