import type { IncomingHttpHeaders } from 'node:http'
import { Fault } from '../base/fault.ts'

const TOKEN = /^[\x21-\x7e]{1,4096}$/

/**
 * The user's access token, under the header name of either wire. A header without a value, or an `Authorization` of another scheme,
 * is none.
 * @throws Fault `malformed_request` when there are two or it is none that can be sent on
 */
export function readUserToken(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim() ?? ''
  const plain = String(headers['x-access-token'] ?? '').trim()
  const token = plain || bearer
  if (token === '') return undefined
  if (bearer !== '' && token !== bearer) {
    throw new Fault('malformed_request', 'x-access-token, authorization: expected one token, found two that differ')
  }
  if (!TOKEN.test(token)) {
    throw new Fault('malformed_request', 'x-access-token: expected visible ASCII of at most 4096 characters')
  }
  return token
}
