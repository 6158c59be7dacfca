import type { RequestHandler, Router } from 'express'
import { createRouter, routesOn } from '../http/routes.ts'
import type { Metric } from '../observability/metrics.ts'

/** Metrics for Prometheus. */
export function metricsRoutes(access: RequestHandler, metrics: readonly Metric[]): Router {
  const routes = createRouter().use(access)
  routes.get('/metrics', answerMetrics(metrics))
  return routesOn({ '/metrics': 'GET, HEAD' }, routes)
}

function answerMetrics(metrics: readonly Metric[]): RequestHandler {
  // Loaded by the first request, since loading takes a good part of the start.
  const load = async () => (await import('../observability/registry.ts')).createRegistry(metrics)
  let loading: ReturnType<typeof load> | undefined
  return async (_request, response) => {
    const { contentType, write } = await (loading ??= load())
    response.set('content-type', contentType).end(await write())
  }
}
