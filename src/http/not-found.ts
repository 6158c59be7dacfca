import type { RequestHandler } from 'express'
import { Fault } from '../base/fault.ts'

/** For a path that exists, asked in a way that it does not know. */
export function methodNotAllowed(allow: string): RequestHandler {
  return () => {
    throw new Fault('method_not_allowed', `method: expected ${allow}`, { allow })
  }
}

/** For everything that no route took. */
export const notFound: RequestHandler = () => {
  throw new Fault('not_found', 'path: expected one of the routes in the documentation')
}
