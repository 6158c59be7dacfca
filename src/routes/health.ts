import { Router } from 'express'
import { methodNotAllowed } from '../http/endings.ts'

/** Liveness and readiness. Readiness asks nobody else: Divar being down is no reason to take clicks away from users. */
export function healthRoutes(isDraining: () => boolean): Router {
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', (_request, response) => {
    if (isDraining()) response.status(503).json({ status: 'draining' })
    else response.json({ status: 'ready' })
  })
  router.all(['/healthz', '/readyz'], methodNotAllowed('GET, HEAD'))
  return router
}
