import { randomBytes, hash } from 'node:crypto'
import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { JsonObject } from '../base/strict-json.ts'
import type { Trace } from '../observability/trace.ts'
import { nameOfScope, readScope, writeScope, type Scope, type ScopeStyle } from '../scope/scope.ts'
import { isOfThisChat, namesThisChat, requestedScopes, type ScopeRequest } from '../scope/requested-scopes.ts'
import type { ConsentStore } from '../store/consent-store.ts'
import type { Grants } from './grants.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import { requireProvableOwner, scopesCovering, type ConsentSubject } from './consent-request.ts'
import type { TokenClient, Tokens } from '../divar/token-client.ts'
import type { FetchUser } from '../divar/users.ts'
import { contentSchema, openingSchema, type Content } from './flow-content.ts'

/** How long a link can be opened, and how long the user then has. */
const OPEN_MS = 10 * 60 * 1000
const WALK_MS = 10 * 60 * 1000
/** How many may be open at once: those of each caller, and those of clicks, which no caller can fill. */
const ROOM_OF_CALLER = 1000
const ROOM_OF_CLICKS = 50_000
const BROWSER_BYTES = 32

/** As many walks are open as may be at once; some end with each minute. */
export class TooManyFlowsError extends Error {
  constructor() {
    super('too many consents are under way')
    this.name = 'TooManyFlowsError'
  }
}

/** Where a walk leads; every address has been checked as a landing is. */
export type Destination = {
  landing: string
  onDenied?: string | undefined
  /** Back to the chat. */
  returnUrl: string
  /** A click that the landing names, to be kept once the user goes there. */
  click?: (JsonObject & { id: string }) | undefined
}

/** Who asks the user: a click's landing, or a caller by name. */
export type BegunBy = { kind: 'click' } | { kind: 'caller'; name: string }

export type Begun = { id: string; url: string; expiresAt: Date }

export type Opened = { kind: 'opened'; url: string; state: string; browser: string } | { kind: 'not_opened' }

/** How a walk ended. `reason` is for the log: our own words. */
export type Finished =
  | { kind: 'granted'; grantId: string; landing: string }
  | { kind: 'denied'; onDenied: string | undefined; returnUrl: string }
  /** `retryUrl`: where the link can be opened again. */
  | { kind: 'refused'; why: WhyRefused; returnUrl?: string; reason?: string; retryUrl?: string }

/** `expired`: never begun, used, or too old. `not_allowed`: Divar would not ask the user that. */
export type WhyRefused = 'expired' | 'other_browser' | 'other_user' | 'not_allowed' | 'not_answered'

const NOT_TOLD = 'Divar did not tell who consented'

/** Of the errors that an authorization may end with, those that time mends (RFC 6749, 4.1.2.1). */
const PASSING_ERRORS: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

const placeOf = (id: string) => `consent/${id}/content`
const placeOfOpening = (id: string) => `consent/${id}/opening`

export type AuthorizationFlowOptions = {
  store: ConsentStore
  keyring: Keyring
  grants: Grants
  clicks: SavedClicks
  client: TokenClient
  fetchUser: FetchUser
  style: ScopeStyle
  /** Without a slash at the end. */
  publicUrl: string
}

/** The OAuth walk of a user, from the link to the grant. */
export type AuthorizationFlow = ReturnType<typeof createAuthorizationFlow>

export function createAuthorizationFlow(options: AuthorizationFlowOptions) {
  const { store, keyring, grants, clicks, client, fetchUser, style, publicUrl } = options

  const startUrl = (id: string) => `${publicUrl}/oauth/start/${id}`

  /** Whether live grants of whoever is asked cover all of it. */
  const isCovered = async (words: readonly string[], asked: ConsentSubject): Promise<boolean> => {
    const scopes = requestedScopes(words, asked).map(({ scope }) => scope)
    const userId = asked.userId ?? asked.triple?.userId
    if (userId === undefined) return false
    const wanted = scopes.filter(({ kind }) => kind !== 'offline').map((scope) => scopesCovering(scope, asked))
    return grants.coversAll(userId, wanted, wanted.length < scopes.length)
  }

  /**
   * Makes a link that begins a walk.
   * @throws ScopeError, StoreError, TooManyFlowsError
   */
  const begin = async (
    words: readonly string[],
    asked: ConsentSubject,
    destination: Destination,
    by: BegunBy,
  ): Promise<Begun> => {
    const wanted = requestedScopes([...words, 'user_id'], asked)
    requireProvableOwner(wanted, asked)
    const id = newId('cns')
    const state = client.newState()
    const { conversationId, postToken, userId, triple } = asked
    const content: Content = {
      scopes: wanted.map((one) => writeWanted(one, style)),
      style,
      asked: { conversationId, postToken, userId, triple },
      destination,
      state,
      verifier: client.newVerifier(),
    }
    const sealed = keyring.seal(JSON.stringify(content), placeOf(id))
    const added = await store.addConsent({
      id,
      state: digest(state),
      content: sealed,
      openMs: OPEN_MS,
      begunBy: by.kind === 'click' ? 'click' : `caller:${by.name}`,
      room: by.kind === 'click' ? ROOM_OF_CLICKS : ROOM_OF_CALLER,
    })
    if (!added) throw new TooManyFlowsError()
    return { id, url: startUrl(id), expiresAt: new Date(Date.now() + OPEN_MS) }
  }

  const openContent = (id: string, sealed: Parameters<Keyring['open']>[0]): Content =>
    contentSchema.parse(JSON.parse(keyring.open(sealed, placeOf(id))))

  const openVerifier = (id: string, sealed: Parameters<Keyring['open']>[0]) =>
    openingSchema.parse(JSON.parse(keyring.open(sealed, placeOfOpening(id))))

  /** Opens a link: where Divar asks the user, and what binds this browser to the opening. Each opening has its own state. */
  const open = async (id: string): Promise<Opened> => {
    const browser = randomBytes(BROWSER_BYTES).toString('base64url')
    const own = { state: client.newState(), verifier: client.newVerifier() }
    const sealed = keyring.seal(JSON.stringify({ verifier: own.verifier }), placeOfOpening(id))
    const opening = { state: digest(own.state), browser: digest(browser), content: sealed }
    const opened = await store.openConsent(id, opening, WALK_MS)
    if (opened === undefined) return { kind: 'not_opened' }
    const content = openContent(id, opened.content)
    const { scopes, style: written } = content
    const { state, verifier } = opened.isFirst ? content : own
    const scope = scopes.map(encodeURIComponent).join(written === 'v1' ? '+' : '%20')
    return { kind: 'opened', url: await client.authorizeUrl(scope, state, verifier), state, browser }
  }

  /** Ends a walk with what it came back with. @param query as it came, without the question mark */
  const finish = async (query: string, browser: string, trace: Trace): Promise<Finished> => {
    const [state, ...others] = new URLSearchParams(query).getAll('state')
    if (!state || others.length > 0) return { kind: 'refused', why: 'expired', reason: 'not one state' }
    const taken = await store.takeConsent(digest(state), digest(browser))
    if (taken.kind === 'none') return { kind: 'refused', why: 'expired' }
    if (taken.kind === 'other_browser') return { kind: 'refused', why: 'other_browser', retryUrl: startUrl(taken.id) }
    const content = openContent(taken.id, taken.content)
    const { verifier } = taken.opening === undefined ? content : openVerifier(taken.id, taken.opening)
    const { onDenied, returnUrl } = content.destination
    const error = new URLSearchParams(query).get('error')
    if (error === 'access_denied') return { kind: 'denied', onDenied, returnUrl }
    if (error !== null) {
      const why = PASSING_ERRORS.has(error) ? 'not_answered' : 'not_allowed'
      return { kind: 'refused', why, returnUrl, reason: readableError(error) }
    }
    const result = await client.exchange(query, state, verifier, trace)
    if (result.kind === 'tokens') return settle(content, result.tokens, trace)
    const why = result.kind === 'ended' ? 'expired' : 'not_answered'
    return { kind: 'refused', why, returnUrl, reason: result.reason }
  }

  /** Keeps a grant only in the name of the user who gave it, and only when all that was asked was granted. */
  const settle = async ({ asked, scopes, destination }: Content, tokens: Tokens, trace: Trace): Promise<Finished> => {
    const { onDenied, returnUrl, landing, click } = destination
    const wanted = scopes.map(readScope)
    const granted = tokens.scopes?.map(readScope)
    const isProvable = asked.userId !== undefined
    if (!holdsAll(granted ?? wanted, wanted, tokens, isProvable)) return { kind: 'denied', onDenied, returnUrl }
    const who = await fetchUser(tokens.accessToken, trace)
    const userId = who.kind === 'found' ? who.user.userId : undefined
    if (asked.userId !== undefined && userId !== asked.userId) {
      return userId === undefined
        ? { kind: 'refused', why: 'not_answered', returnUrl, reason: NOT_TOLD }
        : { kind: 'refused', why: 'other_user', returnUrl }
    }
    const kept = isProvable ? (granted ?? wanted) : keptUnproven(wanted, granted, asked)
    const chatUserId = isProvable ? undefined : kept.find((scope) => scope.kind === 'chat')?.userId
    if (userId === undefined && chatUserId === undefined) {
      return { kind: 'refused', why: 'not_answered', returnUrl, reason: NOT_TOLD }
    }
    const grantId = await grants.add({ userId, chatUserId }, kept, tokens)
    if (click !== undefined) await clicks.keep(click.id, click)
    return { kind: 'granted', grantId, landing }
  }

  return { isCovered, begin, open, finish }
}

function writeWanted({ scope, text }: ScopeRequest, style: ScopeStyle): string {
  return text ?? writeScope(scope, style)
}

/**
 * What is kept where it cannot be proven who consented: of what was asked, all when the answer itself names the chat's scope, which Divar
 * grants to its two users only; else what speaks of this chat alone, since it is worth nothing elsewhere.
 */
function keptUnproven(wanted: readonly Scope[], granted: readonly Scope[] | undefined, asked: ConsentSubject): Scope[] {
  if (granted?.some((scope) => namesThisChat(scope, asked)) !== true) {
    return wanted.filter((scope) => isOfThisChat(scope, asked))
  }
  const names = new Set(wanted.map(nameOfScope))
  return granted.filter((scope) => names.has(nameOfScope(scope)))
}

/** A user who granted only a part of it has not agreed. A refresh token proves `offline_access`; `USER_ID` is needed only for the comparison. */
function holdsAll(
  granted: readonly Scope[],
  wanted: readonly Scope[],
  { refreshToken }: Tokens,
  needsUserId: boolean,
): boolean {
  const names = new Set(granted.map(nameOfScope))
  return wanted.every(
    (scope) =>
      (scope.kind === 'user_id' && !needsUserId) ||
      (scope.kind === 'offline' && refreshToken !== undefined) ||
      names.has(nameOfScope(scope)),
  )
}

/** States and cookies are random, so a plain digest keeps them. */
function digest(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/** Only what the standard could have said. */
function readableError(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? error : 'an error that is none'
}
