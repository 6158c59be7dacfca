import type { RequestHandler, Router } from 'express'
import { callerOf, readUserToken, requirePermission } from '../access/authentication.ts'
import { readUserHeader, USER_HEADER } from '../access/user-header.ts'
import { Fault } from '../base/fault.ts'
import type { ConsentUrls } from '../consent/consent-links.ts'
import type { Outcome } from '../divar/outcome.ts'
import { SUBSCRIPTIONS_PATH, type Subscribe } from '../divar/subscribe.ts'
import { answerFaults, logRefusalAs, platformShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import type { ScopeStyle } from '../scope/scope.ts'
import { storeFaults } from '../store/store-faults.ts'
import { scopeFor } from './subscription-routes.ts'
import { readPlatformSubscription } from './subscription-request.ts'
import type { Wanted } from './subscription.ts'
import type { Subscriptions } from './subscriptions.ts'

const DEFAULT_RETRY_S = 60

type PlatformSubscriptionOptions = {
  requireCaller: RequestHandler
  subscribe: Subscribe
  /** Why no subscription can be kept, where there is no store or no consent. */
  unavailable: () => Fault
  kept: { subscriptions: Subscriptions; consentUrls: ConsentUrls; style: ScopeStyle } | undefined
}

/**
 * Subscriptions under Divar's own path, so that an SDK can use the gateway as its host. With the user's token it is registered with that token,
 * once. Without, the gateway keeps it as PUT /subscriptions does, for the user in `x-divar-user-id`.
 */
export function platformSubscriptionRoute(options: PlatformSubscriptionOptions): Router {
  const { requireCaller, subscribe, unavailable, kept } = options
  const routes = createRouter().use(requireCaller, requirePermission('platform'))

  const keep = async (caller: string, wanted: Wanted) => {
    if (kept === undefined) throw unavailable()
    const { subscriptions, consentUrls, style } = kept
    const subscription = await subscriptions.put(caller, wanted)
    if (!subscription.needsConsent) return subscription.id
    const url = await consentUrls.forKept(caller, scopeFor(wanted, style), wanted.userId)
    throw new Fault(
      'consent_required',
      'The subscription is kept, and waits for a grant of its user. Send the user to consent_url, where one is given.',
      { members: { subscription_id: subscription.id, ...(url !== undefined && { consent_url: url }) } },
    )
  }

  routes.post(SUBSCRIPTIONS_PATH, async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const token = readUserToken(request.headers)
    const userId = readUserHeader(request)
    const registration = readPlatformSubscription(await readJsonBody(request))
    if (token !== undefined) {
      requireRegistered(await subscribe(registration, token, requestLog.trace))
      requestLog.conclude('subscription.registered')
    } else if (userId !== undefined) {
      requestLog.fields['subscription_id'] = await keep(callerOf(response), { ...registration, userId })
      requestLog.conclude('subscription.put')
    } else {
      throw new Fault(
        'user_required',
        `A subscription is made for a user. Name the user in ${USER_HEADER}, or send the user's token in x-access-token or Authorization: Bearer.`,
      )
    }
    response.json({})
  })

  return routesOn({ [SUBSCRIPTIONS_PATH]: 'POST' }, routes).use(
    storeFaults,
    answerFaults(platformShape, logRefusalAs('subscription.refused')),
  )
}

/** @throws Fault unless Divar has registered it */
function requireRegistered(outcome: Outcome): void {
  const divar = 'divar' in outcome && { divar: outcome.divar }
  switch (outcome.kind) {
    case 'delivered':
      return
    case 'token_refused':
      throw new Fault(
        'token_refused',
        "Divar refused the user's access token: it is wrong, expired or revoked. Get a new one by the user's consent.",
        { members: { ...divar } },
      )
    case 'not_permitted':
      throw new Fault(
        'not_permitted',
        "Divar does not permit this: check the app's EVENTS_REGISTER_SUBSCRIPTION permission and the scope of the token.",
        { members: { ...divar } },
      )
    case 'rejected':
    case 'recipient_restricted':
      throw new Fault('rejected', "Divar rejected the subscription; see Divar's own code and message in divar.", {
        members: { ...divar },
      })
    case 'rate_limited':
      throw new Fault('rate_limited', "The app's limit at Divar is used up. Repeat after the seconds in Retry-After.", {
        members: { ...divar },
        retryAfter: outcome.retryAfterSeconds ?? DEFAULT_RETRY_S,
      })
    case 'not_sent':
      throw new Fault('not_sent', 'Divar could not be reached; nothing was sent. Repeat later.', {
        internal: outcome.reason,
        members: { retryable: true },
      })
    case 'platform_error':
    case 'unknown':
      throw new Fault('platform_error', 'Divar did not confirm the subscription. It is safe to repeat the request.', {
        ...('reason' in outcome && { internal: outcome.reason }),
        members: { retryable: true, ...divar },
      })
    // Only deliveries end like this.
    case 'consent_required':
    case 'sender_ambiguous':
    case 'grant_unreadable':
    case 'store_unavailable':
    case 'unavailable':
      throw new Error(`a registration cannot end as ${outcome.kind}`)
  }
}
