import type { Request, RequestHandler } from 'express'
import { isSameSecret } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import type { Sessions } from './session.ts'

/** The header with which the page proves that a change comes from it. */
export const TOKEN_HEADER = 'x-console-token'

/**
 * Authenticates a person at the console by the cookie. Anything but a read must also come from this origin and carry the session's token.
 * @throws Fault `api_key_refused` when the session has ended, `not_allowed` when the request does not come from the page
 */
export function requireSession(sessions: Sessions): RequestHandler {
  return (request, response, next) => {
    const session = sessions.read(request.headers.cookie)
    if (session === undefined) throw new Fault('api_key_refused', 'The session at the console has ended; log in again.')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      requireSameOrigin(request)
      const presented = Buffer.from(request.get(TOKEN_HEADER) ?? '', 'latin1')
      if (!isSameSecret(Buffer.from(session.token), presented)) {
        throw new Fault('not_allowed', `${TOKEN_HEADER}: expected the token of this session`)
      }
    }
    response.locals.caller = session.caller
    response.locals.permissions = session.permissions
    response.locals.requestLog.fields['caller'] = session.caller
    next()
  }
}

/** @throws Fault `not_allowed` unless the browser names this host as the origin */
export function requireSameOrigin({ headers: { origin = '', host } }: Request): void {
  if (host === undefined || (origin !== `https://${host}` && origin !== `http://${host}`)) {
    throw new Fault('not_allowed', 'origin: expected the address at which the console is open')
  }
}
