import type { RequestHandler } from 'express'
import { Fault } from '../base/fault.ts'

const MAX_HEADERS = 100

/**
 * Refuses what two servers in a row could read differently, before anything else looks at the request: an absolute target, a second
 * `Host`, a second `Authorization`, more headers than anybody needs.
 */
export const requestGuard: RequestHandler = (request, _response, next) => {
  if (!request.url.startsWith('/')) {
    throw new Fault('malformed_request', 'target: expected a path that begins with /')
  }
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0)
  if (names.length > MAX_HEADERS) throw new Fault('malformed_request', `headers: expected at most ${MAX_HEADERS}`)
  for (const single of ['host', 'authorization']) {
    if (names.filter((name) => name.toLowerCase() === single).length > 1) {
      throw new Fault('malformed_request', `${single}: expected this header once`)
    }
  }
  next()
}
