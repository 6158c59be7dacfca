import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import { Fault } from '../base/fault.ts'
import { isContradictory, valuesOf } from '../base/repeated-header.ts'

const MAX_HEADERS = 100

/**
 * Refuses what two servers in a row could read differently, before anything else looks at the request: an absolute target, a second
 * `Host`, a second `Authorization` that differs, more headers than anybody needs, chunks of a version that has none. What follows on such a connection
 * may be part of the same trick, so nothing more is read from it.
 * @throws Fault `malformed_request`
 */
export function guardRequest(request: IncomingMessage, response: Response): void {
  const why = ambiguityOf(request)
  if (why === undefined) return
  response.setHeader('connection', 'close')
  throw new Fault('malformed_request', why)
}

function ambiguityOf({ url, rawHeaders, httpVersion, headers }: IncomingMessage): string | undefined {
  if (!url?.startsWith('/')) return 'target: expected a path that begins with /'
  if (rawHeaders.length / 2 > MAX_HEADERS) return `headers: expected at most ${MAX_HEADERS}`
  if (valuesOf('host', rawHeaders).length > 1) return 'host: expected this header once'
  if (isContradictory(valuesOf('authorization', rawHeaders))) return 'authorization: expected one value'
  // Whoever stands before us may have forwarded it by the length that it has not; RFC 9112 calls such framing faulty.
  if (httpVersion !== '1.1' && headers['transfer-encoding'] !== undefined) return 'transfer-encoding: expected HTTP/1.1'
  return undefined
}
