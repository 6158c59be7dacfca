import { Router, type RequestHandler } from 'express'
import type { CallerGate } from '../access/authenticate-caller.ts'
import { methodNotAllowed } from '../http/not-found.ts'
import type { Metric } from '../observability/registry.ts'

export type MetricsOptions = {
  /** On a port that the internet sees; on one of their own metrics are open. */
  gate: CallerGate | undefined
  metrics: readonly Metric[]
}

/** What can be counted, for Prometheus. */
export function metricsRoutes({ gate, metrics }: MetricsOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get('/metrics', answerMetrics(gate, metrics))
  router.all('/metrics', methodNotAllowed('GET, HEAD'))
  return router
}

function answerMetrics(gate: CallerGate | undefined, metrics: readonly Metric[]): RequestHandler {
  // Loaded with the first question: it costs a good part of the time to the first answer.
  const load = async () => (await import('../observability/registry.ts')).createRegistry(metrics)
  let loading: ReturnType<typeof load> | undefined
  return async (request, response) => {
    gate?.(request)
    const { contentType, write } = await (loading ??= load())
    response.set('content-type', contentType).end(await write())
  }
}
