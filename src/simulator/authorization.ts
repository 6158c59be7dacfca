import { hasBrokenText, repeatedField } from './form.ts'
import { readScope, splitScopes, type Scope } from './scopes.ts'

export type App = { slug: string; clientSecret: string; apiKey: string; redirectUris?: string[] }

/** A valid authorization request. */
export type Authorization = {
  redirectUri: string
  state: string
  scopes: Scope[]
  challenge?: string
  fields: Record<string, string>
}

/** An invalid authorization request: shown to the user, or redirected to the app with an error. */
export type InvalidAuthorization = { page: string } | { back: string; why: string }

const FIELDS = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
]

const S256_CHALLENGE = /^[\w-]{43}$/

/** Parses an authorization request. Errors are redirected to the app if its redirect URI is valid, else shown to the user. */
export function readAuthorization(query: URLSearchParams, app: App): Authorization | InvalidAuthorization {
  const get = (name: string) => query.get(name) ?? ''
  const redirectUri = get('redirect_uri')
  const repeated = repeatedField(query)
  if (repeated === 'client_id' || repeated === 'redirect_uri') return { page: `${repeated} is there more than once.` }
  if (hasBrokenText(query)) return { page: 'The request is not UTF-8, or holds a NUL.' }
  if (get('client_id') !== app.slug) return { page: 'client_id is not the slug of the app.' }
  if (!/^https?:\/\/[^/]/.test(redirectUri) || !URL.canParse(redirectUri))
    return { page: 'redirect_uri is not an absolute http(s) address.' }
  if (redirectUri.includes('?') || redirectUri.includes('#'))
    return { page: 'redirect_uri may have no query and no fragment of its own.' }
  if (app.redirectUris && !app.redirectUris.includes(redirectUri)) return { page: 'redirect_uri is not registered.' }
  const state = get('state')
  if (state.trim().length < 8)
    return {
      page: 'state must be there, random and at least 8 characters long: without it anyone can forge the redirect.',
    }
  const back = (error: string, why: string) => ({
    back: withQuery(redirectUri, { error, error_description: why, state }),
    why,
  })
  if (repeated !== undefined) return back('invalid_request', `${repeated} is there more than once.`)
  if (get('response_type') !== 'code') return back('unsupported_response_type', 'response_type is not code.')
  if (get('code_challenge') !== '' && get('code_challenge_method') !== 'S256')
    return back('invalid_request', 'code_challenge_method is not S256.')
  if (get('code_challenge') !== '' && !S256_CHALLENGE.test(get('code_challenge')))
    return back('invalid_request', 'code_challenge is not the base64url of a SHA-256.')
  if (get('code_challenge') === '' && get('code_challenge_method') !== '')
    return back('invalid_request', 'There is a code_challenge_method but no code_challenge.')
  const raw = splitScopes(get('scope'))
  const scopes = raw.map(readScope).filter((scope) => scope !== undefined)
  if (raw.length === 0 || scopes.length < raw.length) {
    const wrong = raw.filter((scope) => readScope(scope) === undefined)
    return back(
      'invalid_scope',
      raw.length === 0 ? 'There is no scope.' : `These are no scopes of Divar: ${wrong.join(' ')}`,
    )
  }
  const challenge = get('code_challenge')
  const fields = Object.fromEntries(FIELDS.filter((name) => query.has(name)).map((name) => [name, get(name)]))
  return { redirectUri, state, scopes, fields, ...(challenge !== '' && { challenge }) }
}

/** Adds a query to an address that has none. */
export function withQuery(url: string, query: Record<string, string>): string {
  return `${url}?${new URLSearchParams(query).toString()}`
}
