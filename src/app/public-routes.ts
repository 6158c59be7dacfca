import type { RequestHandler, Router } from 'express'
import { requireDivar, type CountWrongKey } from '../access/authentication.ts'
import { actionFaults, actionRoutes } from '../actions/action-routes.ts'
import type { Config } from '../config/config.ts'
import { createRequireConsent } from '../consent/consent-links.ts'
import { noOauthRoutes, oauthRoutes } from '../consent/oauth-routes.ts'
import { eventsFaults, eventsRoutes } from '../events/events-routes.ts'
import type { ListenerRoutes } from '../http/app.ts'
import { platformFaults } from '../messages/send-routes.ts'
import type { Logger } from '../observability/log.ts'
import { healthRoutes } from '../operations/operations-routes.ts'
import { createCallAction } from '../resolver/action.ts'
import { observed, type ObserveCall } from '../resolver/observe.ts'
import { createResolve } from '../resolver/resolve.ts'
import { sessionFaults, sessionRoutes } from '../session/session-routes.ts'
import type { OperatorsCode } from './operators-code.ts'
import type { Shutdown } from './shutdown.ts'
import type { Consent } from './consent.ts'
import type { Stored } from './store.ts'

export type RouteParts = { stored: Stored | undefined; shutdown: Shutdown; countWrongKey: CountWrongKey }

type PublicRouteParts = RouteParts & {
  operatorsCode: OperatorsCode
  observeCall: ObserveCall | undefined
  log: Logger
}

/** The routes for Divar and for users' browsers. */
export function publicRoutes(
  config: Config,
  { operatorsCode, observeCall, stored, shutdown, countWrongKey, log }: PublicRouteParts,
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
      resolve: shutdown.track(
        observed((run) => createResolve({ ...callLimits, resolver: run }), resolver, observeCall),
      ),
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
          callAction: shutdown.track(
            observed(
              (run) => createCallAction({ ...callLimits, dynamicAction: run }),
              actions.dynamicAction,
              observeCall,
            ),
          ),
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
    completionUrl: settings.completionUrl,
  })
}
