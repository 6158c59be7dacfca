import { Router } from 'express'
import type { CallerGate } from '../access/authenticate-caller.ts'
import { Fault } from '../base/fault.ts'
import { methodNotAllowed } from '../http/not-found.ts'

type Route = { path: string; method: 'get' | 'post' | 'delete'; allow: string }

const STORED_ROUTES: readonly Route[] = [
  { path: '/messages', method: 'get', allow: 'GET, HEAD, POST' },
  { path: '/messages/:id', method: 'get', allow: 'GET, HEAD' },
  { path: '/messages/:id/retry', method: 'post', allow: 'POST' },
  { path: '/messages/:id/cancel', method: 'post', allow: 'POST' },
  { path: '/clicks/:id', method: 'get', allow: 'GET, HEAD' },
]

const CONSENT_ROUTES: readonly Route[] = [
  { path: '/consents', method: 'post', allow: 'POST' },
  { path: '/grants', method: 'get', allow: 'GET, HEAD' },
  { path: '/grants/:id', method: 'delete', allow: 'DELETE' },
  { path: '/users/:user_id', method: 'get', allow: 'GET, HEAD' },
]

/** Routes of the contract that live on a store. Without one they say so, to callers who may know. */
export function storedRoutes(gate: CallerGate): Router {
  return refuse(
    [...STORED_ROUTES, ...CONSENT_ROUTES],
    gate,
    () => new Fault('store_required', 'This route needs a store, and this gateway runs without one.'),
  )
}

/** Those that live on consent, where there is a store but no PUBLIC_URL. */
export function noConsentRoutes(gate: CallerGate): Router {
  return refuse(
    CONSENT_ROUTES,
    gate,
    () => new Fault('consent_unavailable', 'This route needs consent, and this gateway has no PUBLIC_URL.'),
  )
}

function refuse(routes: readonly Route[], gate: CallerGate, fault: () => Fault): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const { path, method, allow } of routes) {
    router[method](path, (request) => {
      gate(request)
      throw fault()
    })
    router.all(path, methodNotAllowed(allow))
  }
  return router
}
