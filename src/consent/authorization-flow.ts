import { randomBytes, hash } from 'node:crypto'
import * as z from 'zod'
import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { Trace } from '../observability/trace.ts'
import { chatTexts } from '../timeline/chats.ts'
import { requestedScopes, writeScope, type ScopeStyle } from '../scope/scope.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import type { ConsentStore, NewConsent } from '../store/consent-store.ts'
import type { Sealed } from '../store/store.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import type { TokenClient, Tokens } from '../divar/token-client.ts'
import type { FetchUser } from '../divar/users.ts'
import { grantedScopes, requireVerifiableUser, scopesCovering, type ConsentSubject } from './consent-scopes.ts'
import type { Grants } from './grants.ts'

/** How long a link can be opened, and how long the user then has to finish. */
const OPEN_MS = 10 * 60 * 1000
const FINISH_MS = 10 * 60 * 1000
/** Open flows of each caller, and of clicks. Callers cannot use up the places of clicks. */
const MAX_OPEN_PER_CALLER = 1000
const MAX_OPEN_OF_CLICKS = 50_000
const BROWSER_BYTES = 32

/** The limit of open flows is reached. */
export class TooManyFlowsError extends Error {
  override name = 'TooManyFlowsError'
  override message = 'too many consents are under way'
}

/** `chats`: the texts that name its conversation in the store; none where it is about a user alone. */
export type Ended = Finished & { chats?: readonly string[] }

/** How a flow ended. `reason` is for the log and holds no foreign text. */
export type Finished =
  | { kind: 'granted'; grantId: string; landing: string }
  | { kind: 'denied'; onDenied: string | undefined; returnUrl: string }
  /** `retryUrl`: where the link can be opened again. */
  | { kind: 'refused'; why: RefusalReason; returnUrl?: string; reason?: string; retryUrl?: string }

/** `expired`: unknown, used, or too old. `not_allowed`: Divar does not let the app ask for this. */
export type RefusalReason = 'expired' | 'other_browser' | 'other_user' | 'not_allowed' | 'not_answered'

/** Authorization errors after which a new attempt may succeed (RFC 6749, 4.1.2.1). */
const TEMPORARY_ERRORS: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

/** The sealed content of a stored flow. */
const contentSchema = z.object({
  scopes: z.array(z.string()),
  style: z.enum(['v1', 'v2']),
  asked: z.object({
    userId: z.string().optional(),
    conversationId: z.string().optional(),
    postToken: z.string().optional(),
    triple: z.object({ userId: z.string(), postToken: z.string(), peerId: z.string() }).optional(),
    resourceScope: z.string().optional(),
  }),
  /** The URLs for the user after the flow. Each has passed the landing check. */
  destination: z.object({
    landing: z.string(),
    onDenied: z.string().optional(),
    /** Back to the chat. */
    returnUrl: z.string(),
    /** A click whose id is in `landing`; saved when the user goes there. */
    click: z.looseObject({ id: z.string() }).optional(),
  }),
  state: z.string(),
  verifier: z.string(),
})
type Content = z.infer<typeof contentSchema>

/** The sealed content of an opening after the first. */
const openingSchema = z.object({ verifier: z.string() })

/** States and cookies are random, so an unkeyed digest is enough. */
const digest = (secret: string) => hash('sha256', secret, 'base64url')

const contentPlace = (id: string) => `consent/${id}/content`
const openingPlace = (id: string) => `consent/${id}/opening`

function openContent(keyring: Keyring, id: string, sealed: Sealed): Content {
  return contentSchema.parse(JSON.parse(keyring.open(sealed, contentPlace(id))))
}

/** Whom a stored flow is about. */
export type FlowSubject = Pick<Content['asked'], 'userId' | 'triple'> & { clickUserId: unknown }

/** @throws SealError when the row was altered or its key is not configured */
export function subjectOf(keyring: Keyring, id: string, sealed: Sealed): FlowSubject {
  const { asked, destination } = openContent(keyring, id, sealed)
  return { userId: asked.userId, triple: asked.triple, clickUserId: destination.click?.['user_id'] }
}

type AuthorizationFlowOptions = {
  store: ConsentStore
  keyring: Keyring
  grants: Grants
  clicks: SavedClicks
  client: TokenClient
  fetchUser: FetchUser
  style: ScopeStyle
  /** PUBLIC_URL without a trailing slash. */
  publicUrl: string
}

/** The OAuth authorization code flow of a user, from the link to the grant. */
export type AuthorizationFlow = ReturnType<typeof createAuthorizationFlow>

export function createAuthorizationFlow(options: AuthorizationFlowOptions) {
  const { store, keyring, grants, clicks, client, fetchUser, style, publicUrl } = options

  // A page of a list may need two hundred links at once. A click does not wait for them.
  const addOfCallers = batched((consents: readonly NewConsent[]) => store.addConsents(consents), GROUP_COMMIT)

  const startUrl = (id: string) => `${publicUrl}/oauth/start/${id}`

  /** Whether live grants of the user cover all requested scopes. */
  const isCovered = async (words: readonly string[], subject: ConsentSubject): Promise<boolean> => {
    const scopes = requestedScopes(words, subject).map(({ scope }) => scope)
    const userId = subject.userId ?? subject.triple?.userId
    if (userId === undefined) return false
    const needed = scopes.filter(({ kind }) => kind !== 'offline').map((scope) => scopesCovering(scope, subject))
    return grants.coversAll(userId, needed, needed.length < scopes.length)
  }

  /**
   * Makes a link that starts a flow.
   * @throws ScopeError, StoreError, TooManyFlowsError
   */
  const begin = async (
    words: readonly string[],
    subject: ConsentSubject,
    destination: Content['destination'],
    startedBy: 'click' | `caller:${string}`,
  ) => {
    const requested = requestedScopes([...words, 'user_id'], subject)
    requireVerifiableUser(requested, subject)
    const id = newId('cns')
    const state = client.newState()
    const { conversationId, postToken, userId, triple, resourceScope } = subject
    const content: Content = {
      scopes: requested.map(({ scope, text }) => text ?? writeScope(scope, style)),
      style,
      asked: { conversationId, postToken, userId, triple, resourceScope },
      destination,
      state,
      verifier: client.newVerifier(),
    }
    const add = startedBy === 'click' ? store.addConsent : addOfCallers
    const added = await add({
      id,
      state: digest(state),
      content: keyring.seal(JSON.stringify(content), contentPlace(id)),
      openMs: OPEN_MS,
      startedBy,
      maxOpen: startedBy === 'click' ? MAX_OPEN_OF_CLICKS : MAX_OPEN_PER_CALLER,
    })
    if (!added) throw new TooManyFlowsError()
    return { id, url: startUrl(id), expiresAt: new Date(Date.now() + OPEN_MS) }
  }

  const openVerifier = (id: string, sealed: Sealed) =>
    openingSchema.parse(JSON.parse(keyring.open(sealed, openingPlace(id))))

  /** Opens a link; undefined if it is unknown, used or too old. Each opening has its own state; the secret `browser` binds this browser. */
  const open = async (id: string) => {
    const browser = randomBytes(BROWSER_BYTES).toString('base64url')
    const own = { state: client.newState(), verifier: client.newVerifier() }
    const sealed = keyring.seal(JSON.stringify({ verifier: own.verifier }), openingPlace(id))
    const opening = { state: digest(own.state), browser: digest(browser), content: sealed }
    const opened = await store.openConsent(id, opening, FINISH_MS)
    if (opened === undefined) return undefined
    const content = openContent(keyring, id, opened.content)
    const { state, verifier } = opened.isFirst ? content : own
    const scope = content.scopes.map(encodeURIComponent).join(content.style === 'v1' ? '+' : '%20')
    const chats = chatTexts(content.asked)
    return { url: await client.authorizeUrl(scope, state, verifier), state, browser, chats }
  }

  /** Ends a flow with the query of its callback. @param query as received, without the question mark */
  const finish = async (query: string, browser: string, trace: Trace): Promise<Ended> => {
    const parameters = new URLSearchParams(query)
    const [state, ...others] = parameters.getAll('state')
    if (!state || others.length > 0) return { kind: 'refused', why: 'expired', reason: 'not one state' }
    const taken = await store.endConsent(digest(state), digest(browser))
    if (taken.kind === 'none') return { kind: 'refused', why: 'expired' }
    if (taken.kind === 'other_browser') return { kind: 'refused', why: 'other_browser', retryUrl: startUrl(taken.id) }
    const content = openContent(keyring, taken.id, taken.content)
    const finished = await finishTaken(taken, content, parameters, { query, state, trace })
    return { ...finished, chats: chatTexts(content.asked) }
  }

  const finishTaken = async (
    taken: { id: string; opening?: Sealed | undefined },
    content: Content,
    parameters: URLSearchParams,
    { query, state, trace }: { query: string; state: string; trace: Trace },
  ): Promise<Finished> => {
    const { verifier } = taken.opening === undefined ? content : openVerifier(taken.id, taken.opening)
    const { onDenied, returnUrl } = content.destination
    const error = parameters.get('error')
    if (error === 'access_denied') return { kind: 'denied', onDenied, returnUrl }
    if (error !== null) {
      const why = TEMPORARY_ERRORS.has(error) ? 'not_answered' : 'not_allowed'
      // Only an error code of the standard is safe to log.
      return { kind: 'refused', why, returnUrl, reason: /^[a-z_]{1,40}$/.test(error) ? error : 'malformed error code' }
    }
    const result = await client.exchange(query, state, verifier, trace)
    if (result.kind === 'tokens') return storeGrant(content, result.tokens, trace)
    const why = result.kind === 'ended' ? 'expired' : 'not_answered'
    return { kind: 'refused', why, returnUrl, reason: result.reason }
  }

  /** Stores a grant only for the user who gave it, and only when every requested scope was granted. */
  const storeGrant = async (content: Content, tokens: Tokens, trace: Trace): Promise<Finished> => {
    const { asked, scopes } = content
    const { onDenied, returnUrl, landing, click } = content.destination
    const granted = grantedScopes(scopes, asked, tokens)
    if (granted === undefined) return { kind: 'denied', onDenied, returnUrl }
    const fetched = await fetchUser(tokens.accessToken, trace)
    const userId = fetched.kind === 'found' ? fetched.user.userId : undefined
    const isVerifiable = asked.userId !== undefined
    if (isVerifiable && userId !== undefined && userId !== asked.userId) {
      return { kind: 'refused', why: 'other_user', returnUrl }
    }
    const chatUserId = isVerifiable ? undefined : granted.find((scope) => scope.kind === 'chat')?.userId
    if (userId === undefined && chatUserId === undefined) {
      return { kind: 'refused', why: 'not_answered', returnUrl, reason: 'Divar did not say who consented' }
    }
    const grantId = await grants.add({ userId, chatUserId }, granted, tokens)
    if (click !== undefined) await clicks.save(click.id, click)
    return { kind: 'granted', grantId, landing }
  }

  return { isCovered, begin, open, finish }
}
