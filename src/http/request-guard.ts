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
  const { rawHeaders } = request
  if (rawHeaders.length / 2 > MAX_HEADERS) {
    throw new Fault('malformed_request', `headers: expected at most ${MAX_HEADERS}`)
  }
  for (const single of ['host', 'authorization']) {
    if (countOf(single, rawHeaders) > 1) throw new Fault('malformed_request', `${single}: expected this header once`)
  }
  next()
}

/** By length first: few names have to be looked at, and none is copied. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const other = rawHeaders[index] ?? ''
    if (other.length === name.length && other.toLowerCase() === name) count += 1
  }
  return count
}
