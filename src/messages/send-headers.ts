import type { IncomingHttpHeaders } from 'node:http'
import { Fault } from '../base/fault.ts'

/**
 * Reads `Prefer: respond-async` and `Idempotency-Key`.
 * @throws Fault `store_required` without a store, `malformed_request` for an invalid key
 */
export function readSendPreferences(headers: IncomingHttpHeaders, hasStore: boolean) {
  const { prefer, 'idempotency-key': key } = headers
  const respondAsync = prefer !== undefined && wantsAsync(String(prefer))
  if (!hasStore && key !== undefined) throw storeRequired('Idempotency-Key')
  if (!hasStore && respondAsync) throw storeRequired('Prefer: respond-async')
  return { respondAsync, idempotencyKey: readKey(key) }
}

/** RFC 7240: a list of preferences. Terminated quoted strings are removed first: they may contain what looks like a preference. */
function wantsAsync(prefer: string): boolean {
  return prefer
    .replaceAll(QUOTED, (quoted, end) => (end === '"' ? '' : quoted))
    .split(',')
    .some((preference) => /^respond-async\s*(?:[;=]|$)/i.test(preference.trim()))
}

/** A quoted string, up to the end if it is not terminated: a match that failed there would make the time quadratic. */
const QUOTED = /"(?:[^"\\]|\\.)*("|\\?$)/gs

const MAX_KEY = 255
const keyError = `Idempotency-Key: expected 1 to ${MAX_KEY} visible ASCII characters, bare or in double quotes`

/** A structured-field string as in the IETF draft, or bare text; both give the same key. */
function readKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = String(header).trim()
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]
  const key = quoted?.replaceAll(/\\(["\\])/g, '$1') ?? text
  if (!/^[\x20-\x7e]+$/.test(key) || key.length > MAX_KEY || (quoted === undefined && text.startsWith('"'))) {
    throw new Fault('malformed_request', keyError)
  }
  return key
}

function storeRequired(what: string): Fault {
  return new Fault('store_required', `${what} needs a store, and this gateway runs without; send without it`)
}

const TOKEN = /^[\x21-\x7e]{1,4096}$/

/**
 * Reads the user's access token from `x-access-token` or `Authorization: Bearer`. Empty headers and other schemes count as absent.
 * @throws Fault `malformed_request` if the two differ, or for an invalid token
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
