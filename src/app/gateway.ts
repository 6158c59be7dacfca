import { setImmediate } from 'node:timers/promises'
import { createWrongKeyCount } from '../access/authentication.ts'
import { withTimeout } from '../base/timeout.ts'
import { VERSION } from '../base/version.ts'
import type { Config } from '../config/config.ts'
import { createApp, type AppOptions, type ListenerRoutes } from '../http/app.ts'
import { listen, type Listener } from '../http/listener.ts'
import type { Logger } from '../observability/log.ts'
import type { FormKeys } from '../reference/reference-routes.ts'
import type { ObserveCall } from '../resolver/observe.ts'
import { createAttention } from '../operations/attention.ts'
import { describeMetrics } from './metrics.ts'
import { openOperatorsCode } from './operators-code.ts'
import { internalRoutes } from './internal-routes.ts'
import { RequestCounters } from './request-counters.ts'
import { publicRoutes } from './public-routes.ts'
import { Shutdown } from './shutdown.ts'
import { createDivar, Upstreams } from './upstreams.ts'

/** A stopping gateway serves this much longer: for requests in transit, and until a load balancer sees that `/readyz` fails. */
const KEEP_SERVING_MS = 500

/** A running gateway. */
export type Gateway = {
  port: number
  /** The port of the internal routes; the same as `port` unless INTERNAL_PORT is set. */
  internalPort: number
  /** Drains: `/readyz` fails, running work finishes. Resolves to whether it finished within SHUTDOWN_GRACE_MS. */
  stop: () => Promise<boolean>
}

export type GatewayOptions = {
  /** Lines of the log that could not be written, for a metric. Default: none. */
  linesLost?: () => number
  /** Called after each call of the resolver or the dynamic action. For development: it gets data of the click. */
  observeCall?: ObserveCall
  /** Keys that the documentation's forms begin with: of a gateway whose keys are made up. */
  formKeys?: FormKeys
}

/**
 * The composition root: builds every part from the configuration, hands each what it needs, and listens.
 * @throws ResolverSetupError, StoreSetupError, or the system's error when a port cannot be had
 */
export async function startGateway(
  config: Config,
  log: Logger,
  { linesLost = () => 0, observeCall, formKeys }: GatewayOptions = {},
): Promise<Gateway> {
  const { otlpUrl, shutdownGraceMs } = config
  const shutdown = new Shutdown()
  const tracing = otlpUrl && (await import('../tracing/tracing.ts')).openTracing(otlpUrl, VERSION, log)
  const spans = tracing?.spans

  const upstreams = new Upstreams(log, spans)
  const divar = createDivar(config, upstreams)
  const operatorsCode = await openOperatorsCode(config, upstreams)
  // Loaded on demand: a gateway without a store starts faster.
  const stored =
    config.store &&
    (await (await import('./store.ts')).openStored(config, config.store, { divar, upstreams, shutdown, spans, log }))

  const requests = new RequestCounters(config.resolverTimeoutMs)
  const metrics = describeMetrics({ requests, breakers: upstreams.breakers, stored, spans: tracing?.counts, linesLost })
  const attention =
    stored &&
    createAttention({
      ...stored.readings,
      breakers: upstreams.breakers,
      linesLost,
      lastDays: requests.divarRequests.lastDays,
    })
  const onConcluded: typeof requests.onConcluded = (requestLog, event) => {
    requests.onConcluded(requestLog, event)
    stored?.notes?.noteRequest(requestLog, event)
  }
  const countWrongKey = createWrongKeyCount(config.limits.wrongKeysPerMinute)
  let publicPort = config.port
  const listeners = await listenOn(
    config,
    publicRoutes(config, { operatorsCode, observeCall, stored, shutdown, countWrongKey, log }),
    internalRoutes(config, {
      divar: { ...divar, deliver: stored?.pacing?.counting(divar.deliver) ?? divar.deliver },
      stored,
      attention,
      metrics,
      shutdown,
      countWrongKey,
      publicPort: () => publicPort,
      formKeys,
    }),
    { log, observer: { onAnswered: requests.onAnswered, onConcluded, spans } },
  ).catch(async (error: unknown) => {
    // Does not wait for work that has just begun, such as a refresh.
    shutdown.abort()
    await stored?.close()
    await tracing?.close(0)
    throw error
  })

  const stop = async () => {
    shutdown.isDraining = true
    const graceEnds = performance.now() + shutdownGraceMs
    const keepServingMs = Math.min(KEEP_SERVING_MS, shutdownGraceMs / 4)
    const closed = Promise.all(listeners.map((listener) => listener.drain(keepServingMs)))
    const finished = Promise.all([closed.then(() => shutdown.idle()), stored?.drain()])
    const drained = await withTimeout(shutdownGraceMs, finished)
    shutdown.abort()
    await upstreams.destroy()
    await shutdown.idle()
    await setImmediate()
    for (const listener of listeners) listener.closeNow()
    await closed
    await stored?.close()
    await tracing?.close(graceEnds - performance.now())
    await setImmediate()
    return drained !== undefined
  }
  const [main, internal = main] = listeners
  publicPort = main.port
  return { port: main.port, internalPort: internal.port, stop }
}

async function listenOn(
  { port, internalPort, host, limits: { trustProxy = 0 } }: Config,
  publicRoutes: ListenerRoutes,
  internalRoutes: ListenerRoutes,
  parts: Omit<AppOptions, 'trustProxy'>,
): Promise<[Listener, ...Listener[]]> {
  const options: AppOptions = {
    ...parts,
    trustProxy: (address, hop) => (typeof trustProxy === 'number' ? hop < trustProxy : trustProxy.has(address)),
  }
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
