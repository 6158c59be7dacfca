import { hash } from 'node:crypto'
import type { RequestHandler, Router } from 'express'
import { callerOf, requirePermission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import { withTimeout } from '../base/timeout.ts'
import { clickToJson, type Click } from '../click/click.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { isToBot, type Address, type Sender } from '../message/message.ts'
import type { LandingPolicy } from '../resolver/resolve.ts'
import { ResolverError, type LandingRead } from '../resolver/resolver.ts'
import { ScopeError, writeScope } from '../scope/scope.ts'
import { storeFaults } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'
import { TooManyFlowsError, type AuthorizationFlow } from './authorization-flow.ts'
import { readConsentRequest } from './consent-request.ts'
import { landingScopesError, subjectOfClick, subjectOfMessage, type ConsentSubject } from './consent-scopes.ts'

/** A user is waiting for the click's answer, so the store gets no longer than this. */
const CLICK_TIMEOUT_MS = 1000

/** Where a click leads: the landing, or first a consent link (`asked`). `held`: the user has consented already. */
export type ClickTarget = { url: string; consent?: 'asked' | 'held' }

/**
 * Saves a click that its landing names, and sends a user who has not consented to the landing's scopes to the authorization flow first.
 * @throws ResolverError when the scopes cannot be requested; StoreError
 */
export type RequireConsent = (click: Click, landing: LandingRead) => Promise<ClickTarget> | ClickTarget

type RequireConsentOptions = { flow: AuthorizationFlow | undefined; clicks: SavedClicks | undefined }

export function createRequireConsent({ flow, clicks }: RequireConsentOptions): RequireConsent {
  const findTarget = async (click: Click, { url, scopes = [], onDenied }: LandingRead): Promise<ClickTarget> => {
    const named = clicks !== undefined && url.includes(click.id) ? { ...clickToJson(click), id: click.id } : undefined
    if (scopes.length > 0) {
      if (flow === undefined) {
        throw new ResolverError('the Landing asks for scopes, and consent is not set up: PUBLIC_URL is not set')
      }
      const subject = subjectOfClick(click)
      if (!(await flow.isCovered(scopes, subject))) {
        const destination = { landing: url, onDenied, returnUrl: click.returnUrl, click: named }
        return { url: (await flow.begin(scopes, subject, destination, 'click')).url, consent: 'asked' }
      }
    }
    if (named !== undefined) await clicks?.save(click.id, named)
    return { url, ...(scopes.length > 0 && { consent: 'held' as const }) }
  }
  const findTargetInTime = async (click: Click, landing: LandingRead): Promise<ClickTarget> => {
    try {
      const target = await withTimeout(CLICK_TIMEOUT_MS, findTarget(click, landing))
      if (target === undefined) throw new StoreError('the store did not answer a click in time', undefined)
      return target.value
    } catch (error) {
      if (error instanceof TooManyFlowsError) throw new ResolverError(error.message)
      throw landingScopesError(error)
    }
  }
  // Most clicks need neither consent nor the store, and are answered synchronously.
  return (click, landing) =>
    clicks === undefined && (landing.scopes ?? []).length === 0
      ? { url: landing.url }
      : findTargetInTime(click, landing)
}

/** A caller that repeats a refused request gets the same link for this long; no longer, since a consent uses it up. */
const SAME_LINK_MS = 10_000
const MAX_CACHED_LINKS = 1000
/** A list may be read again and again, so its links are kept longer: half of the time in which they can be opened. */
const SAME_LISTED_LINK_MS = 5 * 60 * 1000

const BOT_SCOPE = writeScope({ kind: 'bot_messages' }, 'v2')

export type ConsentUrls = ReturnType<typeof createConsentUrls>

/** Without consent there are no links. */
type LinkParts = {
  flow: Pick<AuthorizationFlow, 'begin'>
  /** Where users end who have followed a link that names no landing. */
  completionUrl: string
}

/** The `consent_url` of a refusal; undefined when no link can be made. */
export function createConsentUrls(parts: LinkParts | undefined) {
  const cache = new Map<string, { url: Promise<string | undefined>; madeAt: number }>()

  const makeUrl = async (startedBy: string, words: readonly string[], subject: ConsentSubject) => {
    if (parts === undefined) return undefined
    const { flow, completionUrl } = parts
    try {
      const destination = { landing: completionUrl, returnUrl: completionUrl }
      return (await flow.begin(words, subject, destination, `caller:${startedBy}`)).url
    } catch (error) {
      // The refusal is answered without a link.
      if (error instanceof ScopeError || error instanceof StoreError || error instanceof TooManyFlowsError)
        return undefined
      throw error
    }
  }

  const urlFor = (
    startedBy: string,
    words: readonly string[],
    subject: ConsentSubject,
    sameForMs: number = SAME_LINK_MS,
  ) => {
    const key = hash('sha256', JSON.stringify([startedBy, words, subject]), 'base64url')
    const cached = cache.get(key)
    if (cached !== undefined && performance.now() - cached.madeAt < sameForMs) return cached.url
    const url = makeUrl(startedBy, words, subject)
    cache.delete(key)
    cache.set(key, { url, madeAt: performance.now() })
    const [oldest] = cache.keys()
    if (cache.size > MAX_CACHED_LINKS && oldest !== undefined) cache.delete(oldest)
    return url
  }

  return {
    forMessage: (caller: string, address: Address, sender: Sender) =>
      urlFor(caller, [isToBot(address) ? BOT_SCOPE : 'chat', 'offline'], subjectOfMessage(address, sender)),
    forUser: (caller: string, userId: string) => urlFor(caller, ['phone', 'user_id', 'offline'], { userId }),
    /** @param scope a written scope; without a user it names its resource */
    forScope: (caller: string, scope: string, userId: string | undefined) =>
      urlFor(caller, [scope, 'offline'], userId === undefined ? { resourceScope: scope } : { userId }),
    /** A link for what a caller wants kept. A service may put all of it at each start, so these links have a limit of their own. */
    forKept: (caller: string, scope: string, userId: string) =>
      // No name of a caller has a colon.
      urlFor(`${caller}:kept`, [scope, 'offline'], { userId }),
    /** A link in a list. These links have a limit of their own, so that reading a list cannot use up the caller's. */
    forListed: (caller: string, scope: string, userId: string) =>
      urlFor(`${caller}:listed`, [scope, 'offline'], { userId }, SAME_LISTED_LINK_MS),
  }
}

const FULL_RETRY_S = 60

type ConsentOptions = {
  requireCaller: RequestHandler
  flow: AuthorizationFlow
  policy: LandingPolicy
  /** Where users end who do not agree. */
  completionUrl: string
}

/** Makes consent links for a caller's users. */
export function consentRoutes({ requireCaller, flow, policy, completionUrl }: ConsentOptions): Router {
  const routes = createRouter().use(requireCaller, requirePermission('consents'))

  routes.post('/consents', async (request, response) => {
    requireNoQuery(request)
    const { scopes, subject, landing } = readConsentRequest(await readJsonBody(request), policy)
    const begun = flow.begin(scopes, subject, { landing, returnUrl: completionUrl }, `caller:${callerOf(response)}`)
    const { id, url, expiresAt } = await begun.catch(refuseTooMany)
    response.locals.requestLog.conclude('consent.link_created')
    response.status(201).json({ id, url, expires_at: expiresAt.toISOString() })
  })

  return routesOn({ '/consents': 'POST' }, routes).use(
    storeFaults,
    answerFaults(problemShape, logRefusalAs('consent.link_refused')),
  )
}

function refuseTooMany(error: unknown): never {
  if (!(error instanceof TooManyFlowsError)) throw error
  throw new Fault(
    'too_many_consents',
    'This caller has reached the limit of open consents. Each link ends within ten minutes; repeat after the seconds in Retry-After.',
    { retryAfter: FULL_RETRY_S },
  )
}
