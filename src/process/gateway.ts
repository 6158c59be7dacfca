import { setImmediate } from 'node:timers/promises'
import { createCallerGate } from '../access/caller-gate.ts'
import { createDivarGate } from '../access/divar-gate.ts'
import type { Logger } from '../base/log.ts'
import { within } from '../base/within.ts'
import { createApp, type Side } from '../http/app.ts'
import { listen, type Listener } from '../http/listener.ts'
import { createHost, type Host } from '../outbound/host.ts'
import { loadResolver } from '../resolver/load.ts'
import { resolveWithin } from '../resolver/resolve.ts'
import { healthRoutes } from '../routes/health.ts'
import { metricsRoutes } from '../routes/metrics.ts'
import { messageStatusRoutes } from '../routes/message-status.ts'
import { messageRoutes } from '../routes/messages.ts'
import { sessionFaults, sessionRoutes } from '../routes/session.ts'
import { storedPublicRoutes, storedRoutes } from '../routes/stored.ts'
import type { Config } from './config.ts'
import { reachDivar } from './divar.ts'
import { describeMetrics } from './metrics.ts'
import { InFlight } from './in-flight.ts'

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
 * @throws ResolverSetupError, StoreSetupError, or the system's error when a port cannot be had
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
  const divar = reachDivar(config, openHost, log)
  // Loaded when it is needed: without a store the first answer is there sooner.
  const stored = config.store && (await (await import('./stored.ts')).openStored(config.store, divar, openHost, log))
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
      healthRoutes({ isDraining: () => draining, ping: stored?.ping }),
      ...(stored ? [] : [storedPublicRoutes()]),
    ],
    faultHandlers: [sessionFaults],
  }
  const internalSide: Side = {
    routers: [
      messageRoutes({
        gate: callerGate,
        deliver: inFlight.track(divar.deliver),
        outbox: stored?.outbox,
      }),
      stored ? messageStatusRoutes(callerGate, stored.outbox) : storedRoutes(callerGate),
      metricsRoutes({
        gate: config.internalPort === undefined ? callerGate : undefined,
        metrics: describeMetrics(divar, stored?.outbox.figures),
      }),
    ],
  }

  const listeners = await listenOn(config, publicSide, internalSide, log).catch(async (error: unknown) => {
    await stored?.close()
    throw error
  })
  const [main, internal = main] = listeners
  return {
    port: main.port,
    internalPort: internal.port,
    stop: async () => {
      draining = true
      const closed = Promise.all(listeners.map((listener) => listener.drain()))
      const drained = await within(
        config.shutdownGraceMs,
        Promise.all([closed.then(() => inFlight.idle()), stored?.outbox.drain()]),
      )
      // What has to be cut is told so, answers where anybody listens, and gets its line.
      cutOff.abort()
      await Promise.all(hosts.map((host) => host.destroy()))
      await inFlight.idle()
      await setImmediate()
      for (const listener of listeners) listener.cut()
      await closed
      await stored?.close()
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
