import { Router } from 'express'
import type { CallerGate } from '../access/caller-gate.ts'
import { Fault } from '../base/fault.ts'

const STORED_PATHS = [
  '/messages',
  '/messages/:id',
  '/messages/:id/retry',
  '/messages/:id/cancel',
  '/clicks/:id',
  '/consents',
  '/grants',
  '/grants/:id',
  '/users/:user_id',
]

/** Routes of the contract that live on a store. Without one they say so, to callers who may know. */
export function storedRoutes(gate: CallerGate): Router {
  const router = Router()
  router.all(STORED_PATHS, (request) => {
    gate(request)
    throw new Fault('store_required', 'This route needs a store, and this gateway runs without one.')
  })
  return router
}

/** The same for the consent walk, which users' browsers take. */
export function storedPublicRoutes(): Router {
  const router = Router()
  router.all(['/oauth/start/:id', '/oauth/callback'], () => {
    throw new Fault('store_required', 'Consent needs a store, and this gateway runs without one.')
  })
  return router
}
