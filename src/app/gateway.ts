import { setImmediate } from 'node:timers/promises'
import type { RequestHandler } from 'express'
import { requireCaller } from '../access/authenticate-caller.ts'
import { requireDivar } from '../access/authenticate-divar.ts'
import { createWrongKeyCount } from '../access/wrong-keys.ts'
import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { deliverBy } from '../consent/grants.ts'
import { createApp, type ListenerRoutes, type TrustProxy } from '../http/app.ts'
import { listen, type Listener } from '../http/listener.ts'
import type { RequestObserver } from '../http/request-log.ts'
import { createHost, type Host } from '../outbound/host.ts'
import { resolveWithin } from '../resolver/resolve.ts'
import { clickRoutes } from '../session/click-routes.ts'
import { createConsentUrls, createRequireConsent, type ConsentUrls } from '../consent/consent-links.ts'
import { consentRoutes } from '../consent/consent-links.ts'
import { grantRoutes } from '../consent/grant-routes.ts'
import { healthRoutes } from '../operations/health-routes.ts'
import { metricsRoutes } from '../operations/metrics-routes.ts'
import { messageStatusRoutes } from '../messages/status-routes.ts'
import { messageRoutes, platformFaults } from '../messages/send-routes.ts'
import { noOauthRoutes, oauthRoutes } from '../consent/oauth-routes.ts'
import { referenceRoutes } from '../operations/reference-routes.ts'
import { sessionFaults, sessionRoutes } from '../session/session-routes.ts'
import { noConsentRoutes, storedRoutes } from './no-store-routes.ts'
import { userRoutes } from '../consent/grant-routes.ts'
import type { Config, LimitsConfig } from '../config/config.ts'
import type { Consent } from './consent.ts'
import { reachDivar } from './divar.ts'
import { RequestCounters } from './request-metrics.ts'
import { describeMetrics } from './metrics.ts'
import { InFlight } from './in-flight.ts'
import { openResolver } from './resolver.ts'
import { VERSION } from '../base/version.ts'

/** Time for requests in transit, and for a load balancer to see that `/readyz` fails. */
const LAST_CALL_MS = 500

/** A running gateway. */
export type Gateway = {
  port: number
  /** The port of the internal routes; the same as `port` unless INTERNAL_PORT is set. */
  internalPort: number
  /** Drains: `/readyz` fails, running work finishes. Resolves to whether it finished within SHUTDOWN_GRACE_MS. */
  stop: () => Promise<boolean>
}

/**
 * The composition root: builds every part from the configuration, hands each what it needs, and listens.
 * @throws ResolverSetupError, StoreSetupError, or the system's error when a port cannot be had
 */
export async function startGateway(
  config: Config,
  log: Logger,
  { linesLost = () => 0 }: { linesLost?: () => number } = {},
): Promise<Gateway> {
  const tracing = config.otlpUrl && (await import('../tracing/tracing.ts')).openTracing(config.otlpUrl, VERSION, log)
  const requests = new RequestCounters(config.resolverTimeoutMs)
  const observer: RequestObserver = {
    onAnswered: requests.onAnswered,
    onConcluded: requests.onConcluded,
    spans: tracing?.spans,
  }
  const hosts: Host[] = []
  const openHost = ({ origin }: URL, timeoutMs: number): Host => {
    const host = createHost(origin, timeoutMs, tracing?.spans)
    hosts.push(host)
    return host
  }
  const { limits } = config
  const inFlight = new InFlight()
  const cutOff = new AbortController()
  const { resolver, breakers } = await openResolver(config, openHost, log)
  const divar = reachDivar(config, openHost, log)
  // Loaded on demand: a gateway without a store starts faster.
  const parts = { divar, openHost, cutOff: cutOff.signal, spans: tracing?.spans, log }
  const stored = config.store && (await (await import('./store.ts')).openStored(config, parts))
  const countWrongKey = createWrongKeyCount(limits.wrongKeysPerMinute)
  const callersOnly = requireCaller(config.callerKeys, countWrongKey)
  let draining = false

  const consent = stored?.consent
  const consentUrls = createConsentUrls(consent?.flow)
  const publicRoutes: ListenerRoutes = {
    mountFirst: sessionRoutes({
      requireDivar: requireDivar({ keys: config.identificationKeys, countWrongKey, sources: limits.divarSources }),
      resolve: inFlight.track(
        resolveWithin({
          resolver,
          timeoutMs: config.resolverTimeoutMs,
          policy: { allowedOrigins: config.landingAllowedOrigins },
          cutOff: cutOff.signal,
        }),
      ),
      requireConsent: inFlight.track(createRequireConsent({ flow: consent?.flow, clicks: stored?.clicks })),
      resolverKind: config.resolver.kind,
      fallbackUrl: config.fallbackLandingUrl,
      maxRunning: limits.maxRunningClicks,
      log,
    }),
    routers: [
      healthRoutes({ isDraining: () => draining, isStoreUp: stored?.isUp }),
      consent ? flowRoutes(consent, inFlight, config.consent?.isSecure ?? true) : noOauthRoutes(),
    ],
    faultHandlers: [sessionFaults, platformFaults],
  }
  // The internal port is not open to the internet.
  const operators = config.internalPort === undefined ? callersOnly : withoutKey
  const internalRoutes: ListenerRoutes = {
    faultHandlers: [platformFaults],
    routers: [
      messageRoutes({
        requireCaller: callersOnly,
        deliver: inFlight.track(stored?.deliver ?? deliverBy(divar.deliver, undefined)),
        outbox: stored?.outbox,
        sendsPerMinute: limits.sendsPerMinute,
        findGrantProblem: consent?.findGrantProblem ?? (() => Promise.resolve({ kind: 'consent_required' })),
        consentUrls,
      }),
      ...(stored
        ? [messageStatusRoutes(callersOnly, stored.outbox), clickRoutes(callersOnly, stored.clicks)]
        : [storedRoutes(callersOnly)]),
      ...(stored ? consentSide(config, callersOnly, consent, consentUrls) : []),
      referenceRoutes(operators),
      metricsRoutes(
        operators,
        describeMetrics({
          requests,
          breakers: [...divar.breakers, ...breakers],
          outbox: stored?.outbox.metrics,
          consent: consent?.metrics,
          isStoreUp: stored?.isUp,
          spans: tracing?.counts,
          linesLost,
        }),
      ),
    ],
  }

  const listeners = await listenOn(config, publicRoutes, internalRoutes, { log, observer }).catch(
    async (error: unknown) => {
      // Does not wait for work that has just begun, such as a refresh.
      cutOff.abort()
      await stored?.close()
      await tracing?.close(0)
      throw error
    },
  )
  const [main, internal = main] = listeners
  return {
    port: main.port,
    internalPort: internal.port,
    stop: async () => {
      draining = true
      const graceEnds = performance.now() + config.shutdownGraceMs
      const lastCallMs = Math.min(LAST_CALL_MS, config.shutdownGraceMs / 4)
      const closed = Promise.all(listeners.map((listener) => listener.drain(lastCallMs)))
      const drained = await withTimeout(
        config.shutdownGraceMs,
        Promise.all([closed.then(() => inFlight.idle()), stored?.drain()]),
      )
      // Remaining work is aborted; it still answers and writes its log line.
      cutOff.abort()
      await Promise.all(hosts.map((host) => host.destroy()))
      await inFlight.idle()
      await setImmediate()
      for (const listener of listeners) listener.cut()
      await closed
      await stored?.close()
      await tracing?.close(graceEnds - performance.now())
      await setImmediate()
      return drained !== undefined
    },
  }
}

/** The steps of the authorization flow; they finish even when the browser does not wait. */
function flowRoutes({ flow, metrics }: Consent, inFlight: InFlight, isSecure: boolean) {
  return oauthRoutes({
    flow: { open: inFlight.track(flow.open), finish: inFlight.track(flow.finish) },
    onFinished: (ended) => {
      metrics.flows.count(ended)
    },
    isSecure,
  })
}

const withoutKey: RequestHandler = (_request, _response, next) => {
  next()
}

function consentSide(
  config: Config,
  callersOnly: RequestHandler,
  consent: Consent | undefined,
  consentUrls: ConsentUrls,
) {
  if (consent === undefined || config.consent === undefined) return [noConsentRoutes(callersOnly)]
  const { flow, grants, fetchUser } = consent
  return [
    consentRoutes({ requireCaller: callersOnly, flow, policy: { allowedOrigins: config.landingAllowedOrigins } }),
    grantRoutes({ requireCaller: callersOnly, grants, style: config.consent.scopeStyle }),
    userRoutes({ requireCaller: callersOnly, grants, fetchUser, consentUrls }),
  ]
}

async function listenOn(
  { port, internalPort, host, limits }: Config,
  publicRoutes: ListenerRoutes,
  internalRoutes: ListenerRoutes,
  { log, observer }: { log: Logger; observer: RequestObserver },
): Promise<[Listener, ...Listener[]]> {
  const options = { trustProxy: trustOf(limits), observer, log }
  if (internalPort === undefined) {
    // Sends first: the most frequent requests pass the fewest routers.
    const both = { ...publicRoutes, routers: [...internalRoutes.routers, ...publicRoutes.routers] }
    return [await listen(createApp(both, options), port, host)]
  }
  const main = await listen(createApp(publicRoutes, options), port, host)
  try {
    return [main, await listen(createApp(internalRoutes, options), internalPort, host)]
  } catch (error) {
    await main.drain(0)
    throw error
  }
}

function trustOf({ trustProxy = 0 }: LimitsConfig): TrustProxy {
  return typeof trustProxy === 'number' ? (_, hop) => hop < trustProxy : (address) => trustProxy.has(address)
}
