import { Router } from 'express'
import { methodNotAllowed } from '../http/not-found.ts'

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
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', (_request, response) => {
    if (isDraining()) response.status(503).json({ status: 'draining' })
    else response.json({ status: 'ready', ...(isStoreUp && { store: isStoreUp() ? 'ok' : 'away' }) })
  })
  for (const path of ['/healthz', '/readyz']) router.all(path, methodNotAllowed('GET, HEAD'))
  return router
}
