import type { RequestHandler, Router } from 'express'
import { Fault } from '../base/fault.ts'
import { createRouter, routesOn } from '../http/routes.ts'

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

/** Answers 501 on the routes that need a store. */
export function storedRoutes(requireCaller: RequestHandler): Router {
  return refuse(
    [...STORED_ROUTES, ...CONSENT_ROUTES],
    requireCaller,
    () => new Fault('store_required', 'This route needs a store, and this gateway runs without one.'),
  )
}

/** Answers 501 on the routes that need consent, if there is a store but no PUBLIC_URL. */
export function noConsentRoutes(requireCaller: RequestHandler): Router {
  return refuse(
    CONSENT_ROUTES,
    requireCaller,
    () => new Fault('consent_unavailable', 'This route needs consent, and this gateway has no PUBLIC_URL.'),
  )
}

function refuse(routes: readonly Route[], requireCaller: RequestHandler, fault: () => Fault): Router {
  const refusing = createRouter().use(requireCaller)
  for (const { path, method } of routes) {
    refusing[method](path, () => {
      throw fault()
    })
  }
  return routesOn(Object.fromEntries(routes.map(({ path, allow }) => [path, allow])), refusing)
}
