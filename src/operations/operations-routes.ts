import type { RequestHandler, Router } from 'express'
import { createRouter, routesOn } from '../http/app.ts'
import { requirePermission } from '../access/authentication.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { requireNoQuery } from '../http/request.ts'
import type { Attention } from './attention.ts'
import { createRegistry, type Metric } from '../observability/metrics.ts'

type HealthOptions = {
  isDraining: () => boolean
  /** Undefined without a store. */
  isStoreUp: (() => boolean) | undefined
}

/**
 * Liveness and readiness. A gateway is ready unless it drains. An unavailable store does not make it unready: most clicks need no store, and all replicas
 * share one, so a load balancer would remove them all.
 */
export function healthRoutes({ isDraining, isStoreUp }: HealthOptions): Router {
  const routes = createRouter()
  routes.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  routes.get('/readyz', (_request, response) => {
    if (isDraining()) response.status(503).json({ status: 'draining' })
    else response.json({ status: 'ready', ...(isStoreUp && { store: isStoreUp() ? 'ok' : 'away' }) })
  })
  return routesOn({ '/healthz': 'GET, HEAD', '/readyz': 'GET, HEAD' }, routes)
}

/** Metrics for Prometheus. */
export function metricsRoutes(access: RequestHandler, metrics: readonly Metric[]): Router {
  const routes = createRouter().use(access)
  let loading: ReturnType<typeof createRegistry> | undefined
  routes.get('/metrics', async (_request, response) => {
    const { contentType, write } = await (loading ??= createRegistry(metrics))
    response.set('content-type', contentType).end(await write())
  })
  return routesOn({ '/metrics': 'GET, HEAD' }, routes)
}

/** What needs an operator's attention now. */
export function attentionRoutes(requireCaller: RequestHandler, attention: () => Promise<Attention>): Router {
  const routes = createRouter().use(requireCaller, requirePermission('operate'))
  routes.get('/attention', async (request, response) => {
    requireNoQuery(request)
    const answer = await attention()
    response.locals.requestLog.conclude('attention.shown')
    response.json(answer)
  })
  return routesOn({ '/attention': 'GET, HEAD' }, routes).use(
    answerFaults(problemShape, logRefusalAs('attention.refused')),
  )
}
