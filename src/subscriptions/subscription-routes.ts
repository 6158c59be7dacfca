import type { RequestHandler, Router } from 'express'
import * as z from 'zod'
import { callerOf, requirePermission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import type { ConsentUrls } from '../consent/consent-links.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { cursorParameter, limitParameter, readFilter } from '../http/page-query.ts'
import { readJsonBody, requireNoQuery, writeCursor } from '../http/request.ts'
import type { ScopeStyle } from '../scope/scope.ts'
import { storeFaults } from '../store/store-faults.ts'
import { SUBSCRIPTION_STATES } from '../store/subscription-store.ts'
import { readSubscription } from './subscription-request.ts'
import { scopesOf, type Wanted } from './subscription.ts'
import type { ShownSubscription, Subscriptions } from './subscriptions.ts'

const AFTER_DELETE =
  'Events of this subscription may still come until the access token that it was registered with ends.'

type SubscriptionOptions = {
  requireCaller: RequestHandler
  subscriptions: Subscriptions
  consentUrls: ConsentUrls
  /** The notation in which consent is asked for. */
  style: ScopeStyle
}

/** Keeps, lists and ends a caller's subscriptions to events. */
export function subscriptionRoutes(options: SubscriptionOptions): Router {
  const { requireCaller, subscriptions, consentUrls, style } = options
  const routes = createRouter().use(requireCaller, requirePermission('platform'))

  routes.put('/subscriptions', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const caller = callerOf(response)
    const subscription = await subscriptions.put(caller, readSubscription(await readJsonBody(request)))
    const { wanted, needsConsent } = subscription
    const url = needsConsent ? await consentUrls.forKept(caller, scopeFor(wanted, style), wanted.userId) : undefined
    requestLog.fields['subscription_id'] = subscription.id
    requestLog.fields['state'] = subscription.state
    requestLog.conclude('subscription.put')
    response.json(showSubscription(subscription, url))
  })

  routes.get('/subscriptions', async (request, response) => {
    const caller = callerOf(response)
    const page = await subscriptions.list(caller, readFilter(request, subscriptionFilter))
    const shown = page.subscriptions.map(async (subscription) => {
      const { wanted, needsConsent } = subscription
      const url = needsConsent ? await consentUrls.forListed(caller, scopeFor(wanted, style), wanted.userId) : undefined
      return showSubscription(subscription, url)
    })
    const listed = { subscriptions: await Promise.all(shown), next_cursor: writeCursor(page.nextCursor) }
    response.locals.requestLog.conclude('subscription.listed')
    response.json(listed)
  })

  routes.delete('/subscriptions/:id', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const { id } = request.params
    if (!/^sub_[\w-]{24}$/.test(id) || !(await subscriptions.remove(callerOf(response), id))) {
      throw new Fault('not_found', 'id: expected that of one of your subscriptions')
    }
    requestLog.fields['subscription_id'] = id
    requestLog.audit('subscription.delete', { subscription_id: id })
    requestLog.conclude('subscription.deleted')
    response.json({ id, note: AFTER_DELETE })
  })

  return routesOn({ '/subscriptions': 'GET, HEAD, PUT', '/subscriptions/:id': 'DELETE' }, routes).use(
    storeFaults,
    answerFaults(problemShape, logRefusalAs('subscription.refused')),
  )
}

/** The narrowest scope that allows it: the one to ask the user for. */
export function scopeFor(wanted: Wanted, style: ScopeStyle): string {
  const [narrowest] = scopesOf(wanted, style === 'v1' ? '__' : '.')
  return narrowest
}

export const subscriptionFilter = z.object({
  state: z.enum(SUBSCRIPTION_STATES, { error: `expected one of ${SUBSCRIPTION_STATES.join(', ')}` }).optional(),
  cursor: cursorParameter,
  limit: limitParameter,
})

function showSubscription(subscription: ShownSubscription, consentUrl: string | undefined) {
  const { id, state, wanted, failure, nextAttemptAt, createdAt } = subscription
  const { userId, eventType, postToken, metadata } = wanted
  return {
    id,
    state,
    user_id: userId,
    event_type: eventType,
    ...(postToken !== undefined && { post_token: postToken }),
    ...(metadata !== undefined && { metadata }),
    created_at: new Date(createdAt).toISOString(),
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    ...(consentUrl !== undefined && { consent_url: consentUrl }),
    ...(state === 'failed' && failure !== undefined && { error: failure }),
  }
}
