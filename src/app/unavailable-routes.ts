import type { RequestHandler, Router } from 'express'
import { requirePermission, type Permission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import { createRouter, routesOn } from '../http/app.ts'

type Route = {
  path: string
  method: 'get' | 'post' | 'put' | 'delete'
  allow: string
  /** One of them is enough. */
  words: readonly [Permission, ...Permission[]]
}

const STORE_ROUTES: readonly Route[] = [
  { path: '/messages', method: 'get', allow: 'GET, HEAD, POST', words: ['send', 'operate'] },
  { path: '/messages/retry', method: 'post', allow: 'POST', words: ['send', 'operate'] },
  { path: '/messages/cancel', method: 'post', allow: 'POST', words: ['send', 'operate'] },
  { path: '/messages/:id', method: 'get', allow: 'GET, HEAD', words: ['send', 'operate'] },
  { path: '/messages/:id/retry', method: 'post', allow: 'POST', words: ['send', 'operate'] },
  { path: '/messages/:id/cancel', method: 'post', allow: 'POST', words: ['send', 'operate'] },
  { path: '/timeline', method: 'post', allow: 'POST', words: ['operate'] },
  { path: '/attention', method: 'get', allow: 'GET, HEAD', words: ['operate'] },
  { path: '/clicks/:id', method: 'get', allow: 'GET, HEAD', words: ['clicks'] },
  { path: '/users/:user_id', method: 'delete', allow: 'GET, HEAD, DELETE', words: ['operate'] },
]

const CONSENT_ROUTES: readonly Route[] = [
  { path: '/consents', method: 'post', allow: 'POST', words: ['consents'] },
  { path: '/grants', method: 'get', allow: 'GET, HEAD, POST', words: ['consents'] },
  { path: '/grants', method: 'post', allow: 'GET, HEAD, POST', words: ['consents'] },
  { path: '/grants/:id', method: 'delete', allow: 'DELETE', words: ['consents'] },
  { path: '/users/:user_id', method: 'get', allow: 'GET, HEAD, DELETE', words: ['users'] },
  { path: '/subscriptions', method: 'put', allow: 'GET, HEAD, PUT', words: ['platform'] },
  { path: '/subscriptions', method: 'get', allow: 'GET, HEAD, PUT', words: ['platform'] },
  { path: '/subscriptions/:id', method: 'delete', allow: 'DELETE', words: ['platform'] },
]

/** Answers 501 on the routes that need a store, or consent. */
export function unavailableRoutes(callersOnly: RequestHandler, hasStore: boolean): Router {
  const routes = hasStore ? CONSENT_ROUTES : [...STORE_ROUTES, ...CONSENT_ROUTES]
  const refusing = createRouter().use(callersOnly)
  for (const { path, method, words } of routes) {
    refusing[method](path, requirePermission(...words), () => {
      throw unavailableFault(hasStore)
    })
  }
  return routesOn(Object.fromEntries(routes.map(({ path, allow }) => [path, allow])), refusing)
}

export function unavailableFault(hasStore: boolean): Fault {
  return hasStore
    ? new Fault('consent_unavailable', 'This route needs consent, and this gateway has no PUBLIC_URL.')
    : new Fault('store_required', 'This route needs a store, and this gateway runs without one.')
}
