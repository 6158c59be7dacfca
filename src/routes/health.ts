import { Router } from 'express'
import { within } from '../base/within.ts'
import { methodNotAllowed } from '../http/endings.ts'

/** Readiness waits no longer than this for the store. */
const PING_TIMEOUT_MS = 1000

export type HealthOptions = {
  isDraining: () => boolean
  /** Resolves when the store answers, where there is one. */
  ping: (() => Promise<void>) | undefined
}

/**
 * Liveness and readiness. Readiness asks the gateway's own store and nobody else: Divar being down is no reason to take clicks away from
 * users.
 */
export function healthRoutes({ isDraining, ping }: HealthOptions): Router {
  const router = Router()
  let answering: Promise<boolean> | undefined
  /** One question at a time, however many ask. */
  const storeAnswers = () =>
    (answering ??= within(PING_TIMEOUT_MS, ping?.() ?? Promise.resolve())
      .then(
        (answered) => answered !== undefined,
        () => false,
      )
      .finally(() => (answering = undefined)))
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    if (isDraining()) response.status(503).json({ status: 'draining' })
    else if (await storeAnswers()) response.json({ status: 'ready' })
    else response.status(503).json({ status: 'store_unavailable' })
  })
  for (const path of ['/healthz', '/readyz']) router.all(path, methodNotAllowed('GET, HEAD'))
  return router
}
