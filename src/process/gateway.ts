import type { Pool } from 'undici'
import { createCallerGate } from '../access/caller-gate.ts'
import { createDivarGate } from '../access/divar-gate.ts'
import type { Logger } from '../base/log.ts'
import { createPlatform } from '../delivery/platform.ts'
import { createApp, type Side } from '../http/app.ts'
import { listen, type Listener } from '../http/listener.ts'
import { createPool } from '../outbound/pool.ts'
import { loadResolver } from '../resolver/load.ts'
import { resolveWithin } from '../resolver/resolve.ts'
import { healthRoutes } from '../routes/health.ts'
import { messageRoutes } from '../routes/messages.ts'
import { sessionFaults, sessionRoutes } from '../routes/session.ts'
import { storedPublicRoutes, storedRoutes } from '../routes/stored.ts'
import type { Config } from './config.ts'
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
  const pools = new Map<string, Pool>()
  const poolFor = (origin: string): Pool => {
    const pool = pools.get(origin) ?? createPool(origin, config.divarTimeoutMs)
    pools.set(origin, pool)
    return pool
  }
  const resolver = await loadResolver(config.resolver, { timeoutMs: config.resolverTimeoutMs, poolFor })
  const callerGate = createCallerGate(config.callerKeys)
  let draining = false

  const publicSide: Side = {
    routers: [
      sessionRoutes({
        gate: createDivarGate(config.identificationKeys),
        resolve: resolveWithin(config.resolverTimeoutMs, resolver, { allowedOrigins: config.landingAllowedOrigins }),
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
        deliver: createPlatform({
          v1: { url: config.divarV1ApiUrl, pool: poolFor(config.divarV1ApiUrl.origin) },
          v2: { url: config.divarApiUrl, pool: poolFor(config.divarApiUrl.origin) },
          apiKey: config.divarApiKey,
          timeoutMs: config.divarTimeoutMs,
          userAgent: `kenar-chat-gateway/${VERSION}`,
        }),
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
      const drained = await drainWithin(config.shutdownGraceMs, listeners)
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      return drained
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

async function drainWithin(graceMs: number, listeners: readonly Listener[]): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const outOfTime = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, graceMs, false)
  })
  const drained = Promise.all(listeners.map((listener) => listener.drain())).then(() => true)
  const inTime = await Promise.race([drained, outOfTime])
  clearTimeout(timer)
  for (const listener of listeners) listener.cut()
  return inTime
}
