import type { RequestHandler, Router } from 'express'
import { requireCaller, requireDivar, type CountWrongKey } from '../access/authentication.ts'
import { requirePermission, type Permission } from '../access/permissions.ts'
import { actionFaults, actionRoutes } from '../actions/action-routes.ts'
import { Fault } from '../base/fault.ts'
import type { Config } from '../config/config.ts'
import { consentRoutes, createConsentUrls, createRequireConsent, type ConsentUrls } from '../consent/consent-links.ts'
import { grantRoutes, userRoutes } from '../consent/grant-routes.ts'
import { createDeliverBy } from '../consent/deliver-by.ts'
import type { Grants } from '../consent/grants.ts'
import { createImportGrant } from '../consent/import-grant.ts'
import { noOauthRoutes, oauthRoutes } from '../consent/oauth-routes.ts'
import { erasureRoutes } from '../erasure/erasure-routes.ts'
import { eventsFaults, eventsRoutes } from '../events/events-routes.ts'
import { type ListenerRoutes, createRouter, routesOn } from '../http/app.ts'
import { messageCheckRoutes } from '../messages/check-routes.ts'
import { PLATFORM_PATHS } from '../messages/platform-paths.ts'
import { messageRoutes, platformFaults, type MessageOptions } from '../messages/send-routes.ts'
import { messageStatusRoutes } from '../messages/status-routes.ts'
import type { Logger } from '../observability/log.ts'
import type { Metric } from '../observability/metrics.ts'
import { healthRoutes, metricsRoutes, referenceRoutes } from '../operations/operations-routes.ts'
import { createMakeCall } from '../platform/call.ts'
import { platformRoutes } from '../platform/platform-routes.ts'
import { createCallAction } from '../resolver/action.ts'
import { createResolve } from '../resolver/resolve.ts'
import { clickRoutes, sessionFaults, sessionRoutes } from '../session/session-routes.ts'
import type { OperatorsCode } from './operators-code.ts'
import type { Shutdown } from './shutdown.ts'
import type { Consent, Stored } from './store.ts'
import type { Divar } from './upstreams.ts'

/** Of one platform call, with every token that is tried. */
const PLATFORM_TIMEOUT_MS = 15_000

type RouteParts = { stored: Stored | undefined; shutdown: Shutdown; countWrongKey: CountWrongKey }

/** The routes for Divar and for users' browsers. */
export function publicRoutes(
  config: Config,
  { operatorsCode, stored, shutdown, countWrongKey, log }: RouteParts & { operatorsCode: OperatorsCode; log: Logger },
): ListenerRoutes {
  const { limits } = config
  const { resolver, actions } = operatorsCode
  const consent = stored?.consent
  const ofDivar = requireDivar({ keys: config.identificationKeys, countWrongKey, sources: limits.divarSources })
  const requireConsent = shutdown.track(createRequireConsent({ flow: consent?.flow, clicks: stored?.clicks }))
  const policy = { allowedOrigins: config.landingAllowedOrigins }
  const callLimits = { timeoutMs: config.resolverTimeoutMs, policy, shutdownSignal: shutdown.signal }
  return {
    mountFirst: sessionRoutes({
      requireDivar: ofDivar,
      resolve: shutdown.track(createResolve({ ...callLimits, resolver })),
      requireConsent,
      resolverKind: config.resolver.kind,
      fallbackUrl: config.fallbackLandingUrl,
      maxRunning: limits.maxRunningClicks,
      log,
    }),
    routers: [
      actionRoutes(
        ofDivar,
        actions && {
          callAction: shutdown.track(createCallAction({ ...callLimits, dynamicAction: actions.dynamicAction })),
          saveNamedClick: requireConsent,
          kind: actions.kind,
          fallbackText: config.actionFallbackText,
          maxRunning: limits.maxRunningClicks,
          log,
        },
      ),
      healthRoutes({ isDraining: () => shutdown.isDraining, isStoreUp: stored?.isUp }),
      eventsSide(config, ofDivar, stored, shutdown),
      consent ? flowRoutes(consent, shutdown) : noOauthRoutes(),
    ],
    faultHandlers: [sessionFaults, actionFaults, eventsFaults, platformFaults],
  }
}

/** A shutdown waits for the commits of events, even if Divar disconnects. */
function eventsSide(config: Config, divarOnly: RequestHandler, stored: Stored | undefined, shutdown: Shutdown): Router {
  const events = config.store?.events
  return eventsRoutes({
    requireDivar: divarOnly,
    hasStore: stored !== undefined,
    enqueue: events && stored && shutdown.track(stored.outbox.enqueueEvent),
    types: events?.types,
    endGrantsOf: stored?.consent && shutdown.track(stored.consent.grants.removeAllOf),
  })
}

/** A shutdown waits for the steps of the authorization flow, even if the browser disconnects. */
function flowRoutes({ flow, metrics, settings }: Consent, shutdown: Shutdown): Router {
  return oauthRoutes({
    flow: { open: shutdown.track(flow.open), finish: shutdown.track(flow.finish) },
    onFinished: (outcome) => {
      metrics.flows.count(outcome)
    },
    isSecure: settings.isSecure,
  })
}

/** The routes for the company's services and for operators. */
export function internalRoutes(
  config: Config,
  { divar, stored, metrics, shutdown, countWrongKey }: RouteParts & { divar: Divar; metrics: Metric[] },
): ListenerRoutes {
  const consent = stored?.consent
  const consentUrls = createConsentUrls(consent?.flow)
  const callersOnly = requireCaller(config.callerKeys, countWrongKey)
  // Operators need no key of their own: any caller's, or none on INTERNAL_PORT, which is private.
  const operators = config.internalPort === undefined ? callersOnly : withoutKey
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
      referenceRoutes(operators),
      metricsRoutes(operators, metrics),
      // Last: it answers 404 to every other path of the platform's.
      platformRoutes({
        requireCaller: callersOnly,
        makeCall: shutdown.track(createMakeCall(divar.call, consent?.grants, PLATFORM_TIMEOUT_MS)),
        consentUrls,
        style: consent?.settings.scopeStyle ?? 'v2',
        otherPaths: PLATFORM_PATHS.map(({ path }) => toOpenApi(path)),
      }),
    ],
  }
}

function toOpenApi(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

function storeSide(callersOnly: RequestHandler, { outbox, clicks, eraseUser }: Stored, shutdown: Shutdown): Router[] {
  return [
    messageStatusRoutes(callersOnly, outbox),
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
    consentRoutes({ requireCaller: callersOnly, flow, policy: { allowedOrigins: config.landingAllowedOrigins } }),
    grantRoutes({ requireCaller: callersOnly, grants, importGrant, style: settings.scopeStyle }),
    userRoutes({ requireCaller: callersOnly, grants, fetchUser, consentUrls }),
  ]
}

type Route = {
  path: string
  method: 'get' | 'post' | 'delete'
  allow: string
  /** One of them is enough. */
  words: readonly [Permission, ...Permission[]]
}

const STORE_ROUTES: readonly Route[] = [
  { path: '/messages', method: 'get', allow: 'GET, HEAD, POST', words: ['send', 'operate'] },
  { path: '/messages/:id', method: 'get', allow: 'GET, HEAD', words: ['send', 'operate'] },
  { path: '/messages/:id/retry', method: 'post', allow: 'POST', words: ['send', 'operate'] },
  { path: '/messages/:id/cancel', method: 'post', allow: 'POST', words: ['send', 'operate'] },
  { path: '/clicks/:id', method: 'get', allow: 'GET, HEAD', words: ['clicks'] },
  { path: '/users/:user_id', method: 'delete', allow: 'GET, HEAD, DELETE', words: ['operate'] },
]

const CONSENT_ROUTES: readonly Route[] = [
  { path: '/consents', method: 'post', allow: 'POST', words: ['consents'] },
  { path: '/grants', method: 'get', allow: 'GET, HEAD, POST', words: ['consents'] },
  { path: '/grants', method: 'post', allow: 'GET, HEAD, POST', words: ['consents'] },
  { path: '/grants/:id', method: 'delete', allow: 'DELETE', words: ['consents'] },
  { path: '/users/:user_id', method: 'get', allow: 'GET, HEAD, DELETE', words: ['users'] },
]

/** Answers 501 on the routes that need a store, or consent. */
function unavailableRoutes(callersOnly: RequestHandler, hasStore: boolean): Router {
  const routes = hasStore ? CONSENT_ROUTES : [...STORE_ROUTES, ...CONSENT_ROUTES]
  const refusing = createRouter().use(callersOnly)
  for (const { path, method, words } of routes) {
    refusing[method](path, requirePermission(...words), () => {
      throw hasStore
        ? new Fault('consent_unavailable', 'This route needs consent, and this gateway has no PUBLIC_URL.')
        : new Fault('store_required', 'This route needs a store, and this gateway runs without one.')
    })
  }
  return routesOn(Object.fromEntries(routes.map(({ path, allow }) => [path, allow])), refusing)
}
