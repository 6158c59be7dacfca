import { Router } from 'express'
import type { CallerGate } from '../access/caller-gate.ts'
import { Fault } from '../base/fault.ts'
import { methodNotAllowed } from '../http/endings.ts'

const STORED_ROUTES = [
  { path: '/messages', method: 'get', allow: 'GET, HEAD, POST' },
  { path: '/messages/:id', method: 'get', allow: 'GET, HEAD' },
  { path: '/messages/:id/retry', method: 'post', allow: 'POST' },
  { path: '/messages/:id/cancel', method: 'post', allow: 'POST' },
  { path: '/clicks/:id', method: 'get', allow: 'GET, HEAD' },
  { path: '/consents', method: 'post', allow: 'POST' },
  { path: '/grants', method: 'get', allow: 'GET, HEAD' },
  { path: '/grants/:id', method: 'delete', allow: 'DELETE' },
  { path: '/users/:user_id', method: 'get', allow: 'GET, HEAD' },
] as const

/** Routes of the contract that live on a store. Without one they say so, to callers who may know. */
export function storedRoutes(gate: CallerGate): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const { path, method, allow } of STORED_ROUTES) {
    router[method](path, (request) => {
      gate(request)
      throw new Fault('store_required', 'This route needs a store, and this gateway runs without one.')
    })
    router.all(path, methodNotAllowed(allow))
  }
  return router
}

/** The same for the consent walk, which users' browsers take. */
export function storedPublicRoutes(): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const paths = ['/oauth/start/:id', '/oauth/callback']
  router.get(paths, () => {
    throw new Fault('store_required', 'Consent needs a store, and this gateway runs without one.')
  })
  router.all(paths, methodNotAllowed('GET, HEAD'))
  return router
}
