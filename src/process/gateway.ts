import { setImmediate } from 'node:timers/promises'
import { createCallerGate } from '../access/caller-gate.ts'
import { createDivarGate } from '../access/divar-gate.ts'
import type { Logger } from '../base/log.ts'
import { within } from '../base/within.ts'
import { createPlatform } from '../delivery/platform.ts'
import { createApp, type Side } from '../http/app.ts'
import { listen, type Listener } from '../http/listener.ts'
import { createHost, type Host } from '../outbound/host.ts'
import { loadResolver } from '../resolver/load.ts'
import { resolveWithin } from '../resolver/resolve.ts'
import { healthRoutes } from '../routes/health.ts'
import { messageRoutes } from '../routes/messages.ts'
import { sessionFaults, sessionRoutes } from '../routes/session.ts'
import { storedPublicRoutes, storedRoutes } from '../routes/stored.ts'
import type { Config } from './config.ts'
import { InFlight } from './in-flight.ts'
import { VERSION } from './version.ts'

/** A running gateway. */
export type Gateway = {
  port: number
  /** The port of the internal routes; the same as `port` unless INTERNAL_PORT is set. */
  internalPort: number
  /** Readiness goes off, what runs is finished; resolves to whether all of it was, within `SHUTDOWN_GRACE_MS`. */
  stop: () => Promise<boolean>
}

/**
 * The composition root: builds every part from the configuration, hands each what it needs, and listens.
 * @throws ResolverSetupError, or the system's error when a port cannot be had
 */
export async function startGateway(config: Config, log: Logger): Promise<Gateway> {
  const hosts: Host[] = []
  const openHost = ({ origin }: URL, timeoutMs: number): Host => {
    const host = createHost(origin, timeoutMs)
    hosts.push(host)
    return host
  }
  const inFlight = new InFlight()
  const cutOff = new AbortController()
  const resolver = await loadResolver(config.resolver, { timeoutMs: config.resolverTimeoutMs, openHost })
  const { divarV1ApiUrl: v1Url, divarApiUrl: v2Url, divarTimeoutMs } = config
  const v1Host = openHost(v1Url, divarTimeoutMs)
  const v2Host = v1Url.origin === v2Url.origin ? v1Host : openHost(v2Url, divarTimeoutMs)
  const callerGate = createCallerGate(config.callerKeys)
  let draining = false

  const publicSide: Side = {
    routers: [
      sessionRoutes({
        gate: createDivarGate(config.identificationKeys),
        resolve: inFlight.track(
          resolveWithin({
            resolver,
            timeoutMs: config.resolverTimeoutMs,
            policy: { allowedOrigins: config.landingAllowedOrigins },
            cutOff: cutOff.signal,
          }),
        ),
        resolverKind: config.resolver.kind,
        fallbackUrl: config.fallbackLandingUrl,
        log,
      }),
      healthRoutes(() => draining),
      storedPublicRoutes(),
    ],
    faultHandlers: [sessionFaults],
  }
  const internalSide: Side = {
    routers: [
      messageRoutes({
        gate: callerGate,
        deliver: inFlight.track(
          createPlatform({
            v1: { url: v1Url, host: v1Host },
            v2: { url: v2Url, host: v2Host },
            apiKey: config.divarApiKey,
            timeoutMs: divarTimeoutMs,
            userAgent: `kenar-chat-gateway/${VERSION}`,
          }),
        ),
      }),
      storedRoutes(callerGate),
    ],
  }

  const listeners = await listenOn(config, publicSide, internalSide, log)
  const [main, internal = main] = listeners
  return {
    port: main.port,
    internalPort: internal.port,
    stop: async () => {
      draining = true
      const closed = Promise.all(listeners.map((listener) => listener.drain()))
      const drained = await within(
        config.shutdownGraceMs,
        closed.then(() => inFlight.idle()),
      )
      // What has to be cut is told so, answers where anybody listens, and gets its line.
      cutOff.abort()
      await Promise.all(hosts.map((host) => host.destroy()))
      await inFlight.idle()
      await setImmediate()
      for (const listener of listeners) listener.cut()
      await closed
      await setImmediate()
      return drained !== undefined
    },
  }
}

async function listenOn(
  { port, internalPort, host }: Config,
  publicSide: Side,
  internalSide: Side,
  log: Logger,
): Promise<[Listener, ...Listener[]]> {
  if (internalPort === undefined) {
    const both = { ...publicSide, routers: [...publicSide.routers, ...internalSide.routers] }
    return [await listen(createApp(both, log), port, host)]
  }
  const main = await listen(createApp(publicSide, log), port, host)
  try {
    return [main, await listen(createApp(internalSide, log), internalPort, host)]
  } catch (error) {
    await main.drain()
    throw error
  }
}
