import type { Router } from 'express'
import { createRouter, routesOn } from '../http/routes.ts'

export type HealthOptions = {
  isDraining: () => boolean
  /** Whether the store can be written to as far as is known; undefined without a store. */
  isStoreUp: (() => boolean) | undefined
}

/**
 * Liveness and readiness. A gateway is ready unless it drains: while its store or Divar is away most clicks are answered all the same, and
 * every replica has the same store, so taking them away from their balancer would take away all clicks.
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
