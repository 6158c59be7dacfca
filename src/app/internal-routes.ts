import type { RequestHandler, Router } from 'express'
import { requireCaller } from '../access/authentication.ts'
import type { Config } from '../config/config.ts'
import { consentRoutes, createConsentUrls, type ConsentUrls } from '../consent/consent-links.ts'
import { grantRoutes, userRoutes } from '../consent/grant-routes.ts'
import { createDeliverBy } from '../consent/deliver-by.ts'
import type { Grants } from '../consent/grants.ts'
import { createImportGrant } from '../consent/import-grant.ts'
import { SUBSCRIPTIONS_PATH } from '../divar/subscribe.ts'
import { erasureRoutes } from '../erasure/erasure-routes.ts'
import type { ListenerRoutes } from '../http/app.ts'
import { messageCheckRoutes } from '../messages/check-routes.ts'
import { PLATFORM_PATHS } from '../messages/platform-paths.ts'
import { messageRoutes, platformFaults, type MessageOptions } from '../messages/send-routes.ts'
import { messageStatusRoutes } from '../messages/status-routes.ts'
import type { Metric } from '../observability/metrics.ts'
import type { Attention } from '../operations/attention.ts'
import { attentionRoutes, metricsRoutes } from '../operations/operations-routes.ts'
import { createMakeCall } from '../platform/call.ts'
import { platformRoutes } from '../platform/platform-routes.ts'
import { referenceRoutes, type FormKeys } from '../reference/reference-routes.ts'
import { platformSubscriptionRoute } from '../subscriptions/platform-subscription-route.ts'
import { subscriptionRoutes } from '../subscriptions/subscription-routes.ts'
import { timelineRoutes } from '../timeline/timeline-routes.ts'
import { clickRoutes } from '../session/session-routes.ts'
import { consoleSide } from './console.ts'
import type { Shutdown } from './shutdown.ts'
import type { Consent } from './consent.ts'
import type { Stored } from './store.ts'
import { unavailableFault, unavailableRoutes } from './unavailable-routes.ts'
import type { Divar } from './upstreams.ts'
import type { RouteParts } from './public-routes.ts'

/** Of one platform call, with every token that is tried. */
const PLATFORM_TIMEOUT_MS = 15_000

type InternalRouteParts = RouteParts & {
  divar: Divar
  /** Undefined without a store. */
  attention: (() => Promise<Attention>) | undefined
  metrics: Metric[]
  /** The port of the public routes, once they are listened for. */
  publicPort: () => number
  formKeys: FormKeys | undefined
}

/** The routes for the company's services and for monitoring. */
export function internalRoutes(
  config: Config,
  { divar, stored, attention, metrics, shutdown, countWrongKey, publicPort, formKeys }: InternalRouteParts,
): ListenerRoutes {
  const consent = stored?.consent
  const consentUrls = createConsentUrls(
    consent && { flow: consent.flow, completionUrl: consent.settings.completionUrl },
  )
  const callersOnly = requireCaller(config.callerKeys, countWrongKey)
  // For the metrics and the reference any caller's key is enough. On INTERNAL_PORT, which is private, none is needed.
  const anyCaller = config.internalPort === undefined ? callersOnly : withoutKey
  return {
    faultHandlers: [platformFaults],
    routers: [
      messageRoutes({
        requireCaller: callersOnly,
        deliver: shutdown.track(createDeliverBy(divar.deliver, consent?.grants)),
        outbox: stored?.outbox,
        sendsPerMinute: config.limits.sendsPerMinute,
        findGrantProblem: grantProblemOf(consent?.grants),
        consentUrls,
      }),
      // Before `/messages/:id`, which matches its path too.
      messageCheckRoutes(callersOnly),
      ...(stored ? storeSide(callersOnly, stored, shutdown) : []),
      ...(consent
        ? grantSide(config, callersOnly, consent, { consentUrls, shutdown })
        : [unavailableRoutes(callersOnly, stored !== undefined)]),
      ...(attention ? [attentionRoutes(callersOnly, attention)] : []),
      referenceRoutes({
        access: anyCaller,
        publicAt: () => (config.internalPort === undefined ? undefined : (config.consent?.publicUrl ?? publicPort())),
        formKeys,
      }),
      metricsRoutes(anyCaller, metrics),
      ...consoleSide(config, stored, attention, countWrongKey),
      ...subscriptionSide(callersOnly, divar, stored, { consentUrls, shutdown }),
      // Last: it answers 404 to every other path of the platform's.
      platformRoutes({
        requireCaller: callersOnly,
        makeCall: shutdown.track(createMakeCall(divar.call, consent?.grants, PLATFORM_TIMEOUT_MS)),
        consentUrls,
        style: consent?.settings.scopeStyle ?? 'v2',
        otherPaths: [...PLATFORM_PATHS.map(({ path }) => toOpenApi(path)), SUBSCRIPTIONS_PATH],
      }),
    ],
  }
}

function toOpenApi(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

function storeSide(
  callersOnly: RequestHandler,
  { messageActs, clicks, timeline, eraseUser }: Stored,
  shutdown: Shutdown,
): Router[] {
  return [
    messageStatusRoutes(callersOnly, messageActs),
    timelineRoutes(callersOnly, timeline),
    clickRoutes(callersOnly, clicks),
    erasureRoutes(callersOnly, shutdown.track(eraseUser)),
  ]
}

const withoutKey: RequestHandler = (_request, _response, next) => {
  next()
}

/** Why no grant covers a message; undefined when one does. */
function grantProblemOf(grants: Grants | undefined): MessageOptions['findGrantProblem'] {
  return async ({ message, sender }) => {
    const choice = (await grants?.forMessage(message.address, sender)) ?? { kind: 'consent_required' }
    return choice.kind === 'grant' || choice.kind === 'not_refreshed' ? undefined : choice
  }
}

function grantSide(
  config: Config,
  callersOnly: RequestHandler,
  { flow, grants, fetchUser, settings }: Consent,
  { consentUrls, shutdown }: { consentUrls: ConsentUrls; shutdown: Shutdown },
): Router[] {
  const importGrant = shutdown.track(createImportGrant(grants, fetchUser))
  return [
    consentRoutes({
      requireCaller: callersOnly,
      flow,
      policy: { allowedOrigins: config.landingAllowedOrigins },
      completionUrl: settings.completionUrl,
    }),
    grantRoutes({ requireCaller: callersOnly, grants, importGrant, style: settings.scopeStyle }),
    userRoutes({ requireCaller: callersOnly, grants, fetchUser, consentUrls }),
  ]
}

/** Without consent, a subscription can still be made under Divar's own path, with the user's token. */
function subscriptionSide(
  callersOnly: RequestHandler,
  divar: Divar,
  stored: Stored | undefined,
  { consentUrls, shutdown }: { consentUrls: ConsentUrls; shutdown: Shutdown },
): Router[] {
  const { subscriptions } = stored?.subscriptions ?? {}
  const style = stored?.consent?.settings.scopeStyle
  const kept = subscriptions && style && { subscriptions, consentUrls, style }
  return [
    ...(kept === undefined ? [] : [subscriptionRoutes({ requireCaller: callersOnly, ...kept })]),
    platformSubscriptionRoute({
      requireCaller: callersOnly,
      subscribe: shutdown.track(divar.subscribe),
      unavailable: () => unavailableFault(stored !== undefined),
      kept,
    }),
  ]
}
