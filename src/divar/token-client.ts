import type { TokenEndpointResponse } from 'openid-client'
import { describeError } from '../observability/log.ts'
import { isLoopback } from '../base/address.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import { newTrace, type Trace } from '../observability/trace.ts'
import type { Host } from '../outbound/host.ts'
import { splitScopes } from '../scope/scope.ts'
import { findAnswerProblem, normalizeTokenAnswer } from './token-answer.ts'

const MAX_ANSWER_BYTES = 64 * 1024
/** Life of an access token when the answer does not say: as in Divar's documentation. */
const DEFAULT_LIFE_S = 3600
/** Life of a refresh token, by Divar's documentation; answers do not say. */
const REFRESH_LIFE_MS = 30 * 24 * 60 * 60 * 1000

/** The longest `Retry-After` that is honored; after that, one refresh tries again. */
const MAX_HOLD_MS = 5 * 60 * 1000
/** The hold after a 429 without `Retry-After`. */
const DEFAULT_HOLD_MS = 2000

type TokenClientOptions = {
  /** An origin; the paths are fixed. */
  oauthUrl: URL
  host: Host
  clientId: string
  clientSecret: string
  redirectUri: string
  /** Timeout of one whole exchange, in milliseconds. */
  timeoutMs: number
  userAgent: string
}

export type TokenPair = { accessToken: string; refreshToken?: string | undefined }

/** A token pair with its lifetimes in milliseconds from now. */
export type Tokens = TokenPair & { accessMs: number; refreshMs: number | undefined; scopes: string[] | undefined }

/** Why there are no tokens. `ended`: the code or the refresh token is no longer valid. `reason` contains no text of Divar's. */
export type NoTokens = { kind: 'ended' | 'failed'; reason: string }

type TokenResult = { kind: 'tokens'; tokens: Tokens } | NoTokens

/** OAuth 2.0 client: authorization code with PKCE, and refresh. */
export type TokenClient = Awaited<ReturnType<typeof createTokenClient>>

/** Loads its library on creation, so that a gateway without consent does not. */
export async function createTokenClient(options: TokenClientOptions) {
  const { oauthUrl, clientId, clientSecret, redirectUri, timeoutMs } = options
  const oauth = await import('openid-client')
  const hold = new TokenRouteHold(timeoutMs)
  /** One configuration per call: the library passes its fetch nothing else that could carry the trace. */
  const configFor = (trace: Trace) => {
    const config = new oauth.Configuration(
      {
        issuer: oauthUrl.origin,
        authorization_endpoint: `${oauthUrl.origin}/oauth2/auth`,
        token_endpoint: `${oauthUrl.origin}/oauth2/token`,
      },
      clientId,
      { client_secret: clientSecret },
      oauth.ClientSecretPost(clientSecret),
    )
    config.timeout = Math.ceil(timeoutMs / 1000) + 1
    config[oauth.customFetch] = createFetch(options, hold, trace)
    // For loopback only. It is marked deprecated as a warning.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    if (isLoopback(oauthUrl)) oauth.allowInsecureRequests(config)
    return config
  }
  const ownConfig = configFor(newTrace())

  const settle = async (grant: Promise<TokenEndpointResponse>): Promise<TokenResult> => {
    try {
      return { kind: 'tokens', tokens: readTokens(await grant) }
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError) {
        const kind = error.error === 'invalid_grant' ? 'ended' : 'failed'
        return { kind, reason: reasonOf(error.error, error.status) }
      }
      // The library wraps what its fetch throws.
      const thrown = error instanceof Error && error.cause instanceof TokenRouteError ? error.cause : error
      if (thrown instanceof TokenRouteError) return { kind: 'failed', reason: thrown.message }
      const { error: name, error_code: code } = describeError(error)
      return { kind: 'failed', reason: code ?? name }
    }
  }

  return {
    hold,
    newState: () => oauth.randomState(),
    newVerifier: () => oauth.randomPKCECodeVerifier(),
    /** The address that asks the user for consent. @param scope joined and already escaped for a query */
    authorizeUrl: async (scope: string, state: string, verifier: string): Promise<string> => {
      const url = oauth.buildAuthorizationUrl(ownConfig, {
        redirect_uri: redirectUri,
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return `${url.href}&scope=${scope}`
    },
    /** Exchanges the authorization code in the callback's query. */
    exchange: (query: string, state: string, verifier: string, trace: Trace): Promise<TokenResult> => {
      const url = new URL(`${redirectUri}?${query}`)
      // Divar may name itself with a slash at the end.
      const issuer = url.searchParams.get('iss')
      if (issuer !== null) url.searchParams.set('iss', issuer.replace(/\/$/, ''))
      const checks = { expectedState: state, pkceCodeVerifier: verifier }
      return settle(oauth.authorizationCodeGrant(configFor(trace), url, checks))
    },
    /** Refreshes a token pair, in a trace of its own, since several requests may wait for it. Divar requires the access token as `code`. */
    refresh: (refreshToken: string, accessToken: string): Promise<TokenResult> =>
      settle(
        oauth.refreshTokenGrant(configFor(newTrace()), refreshToken, { code: accessToken, redirect_uri: redirectUri }),
      ),
  }
}

function readTokens({ access_token, refresh_token, expires_in, scope }: TokenEndpointResponse): Tokens {
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    accessMs: (expires_in ?? DEFAULT_LIFE_S) * 1000,
    refreshMs: refresh_token === undefined ? undefined : REFRESH_LIFE_MS,
    scopes: scope === undefined ? undefined : splitScopes(scope),
  }
}

/** The token endpoint did not answer, or not usably. */
class TokenRouteError extends Error {}

/** The library's `fetch`: bounded, with a timeout, and without redirects. */
function createFetch({ host, timeoutMs, userAgent }: TokenClientOptions, hold: TokenRouteHold, trace: Trace) {
  return async (
    address: string,
    { body, headers }: { body?: unknown; headers: Record<string, string> },
  ): Promise<Response> => {
    const { pathname } = new URL(address)
    const form = body instanceof URLSearchParams ? body.toString() : ''
    const exchange = await host.send({
      method: 'POST',
      path: pathname,
      headers: { ...headers, 'content-type': FORM, 'user-agent': userAgent },
      body: form,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as: 'ask token', trace },
    })
    if (exchange.kind === 'failed') throw new TokenRouteError(exchange.reason)
    const { status, headers: answered, body: bytes } = exchange
    hold.note(status, readRetryAfter(answered['retry-after']))
    if (bytes === undefined) throw new TokenRouteError('the answer broke off')
    if (status < 200 || status > 599) throw new TokenRouteError(reasonOf('no answer of a token endpoint', status))
    const isEmpty = status === 204 || status === 205 || status === 304
    const problem = status < 300 ? findAnswerProblem(bytes) : undefined
    if (problem?.kind === 'unusable') throw new TokenRouteError(problem.reason)
    return new Response(isEmpty ? null : normalizeTokenAnswer(bytes, Date.now()), {
      status: problem?.kind === 'error' ? 400 : status,
      headers: { 'content-type': 'application/json' },
    })
  }
}

const FORM = 'application/x-www-form-urlencoded;charset=UTF-8'

/** Logs no foreign text but the standard's error codes. */
function reasonOf(error: string, status: number): string {
  return /^[a-z_ ]{1,40}$/.test(error) ? `${error} (${status})` : `status ${status}`
}

/** How long the token endpoint asked this app to wait. All grants share it, so that not each one asks. */
export class TokenRouteHold {
  readonly #probeMs: number
  /** The end of the hold by the monotonic clock; undefined without one. */
  #until: number | undefined

  /** @param probeMs how long the first refresh after a hold may take before another one is let through */
  constructor(probeMs: number) {
    this.#probeMs = probeMs
  }

  /** Records an answer of the token endpoint. One that asks for no wait ends the hold. */
  note(status: number, retryAfterSeconds: number | undefined): void {
    const isAskingToWait = status === 429 || (status >= 500 && retryAfterSeconds !== undefined)
    const ms = retryAfterSeconds === undefined ? DEFAULT_HOLD_MS : retryAfterSeconds * 1000
    this.#until = isAskingToWait ? performance.now() + Math.min(ms, MAX_HOLD_MS) : undefined
  }

  /** Whether a refresh has to wait. After the hold one refresh is let through, and the others wait for its answer. */
  isHeld(): boolean {
    if (this.#until === undefined) return false
    if (performance.now() < this.#until) return true
    this.#until = performance.now() + this.#probeMs
    return false
  }
}
