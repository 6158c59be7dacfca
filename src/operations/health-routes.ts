import type { Router } from 'express'
import { createRouter, routesOn } from '../http/routes.ts'

export type HealthOptions = {
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
