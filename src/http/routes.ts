import { Router, type RequestHandler } from 'express'
import { Fault } from '../base/fault.ts'

/** A router that takes paths exactly as they are written. */
export function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true })
}

/** Refuses every method but these, e.g. `GET, HEAD`. */
export function allowMethods(allow: string): RequestHandler {
  const methods = new Set(allow.split(', '))
  return ({ method }, _response, next) => {
    if (!methods.has(method)) throw new Fault('method_not_allowed', `method: expected ${allow}`, { allow })
    next()
  }
}

/**
 * Enters `routes` on these paths only, so that its middleware, e.g. authentication, covers all its routes and leaves every other path a 404.
 * @param paths each with the methods it allows; others are refused before the middleware runs
 */
export function routesOn(paths: Readonly<Record<string, string>>, routes: Router): Router {
  const router = createRouter()
  for (const [path, allow] of Object.entries(paths)) router.all(path, allowMethods(allow), routes)
  return router
}

/** For requests that no route took. */
export const notFound: RequestHandler = () => {
  throw new Fault('not_found', 'path: expected one of the routes in the documentation')
}
