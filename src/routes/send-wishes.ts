import type { IncomingMessage } from 'node:http'
import { Fault } from '../base/fault.ts'

/** What a sender asks for besides: to be answered before delivery, and that a repeat does nothing twice. */
export type SendWishes = { respondAsync: boolean; idempotencyKey: string | undefined }

/** @throws Fault `store_required` for what needs a store where there is none, `malformed_request` for a key that is none */
export function readSendWishes({ headers }: IncomingMessage, hasStore: boolean): SendWishes {
  const { prefer, 'idempotency-key': key } = headers
  const respondAsync = prefer !== undefined && wantsAsync(String(prefer))
  if (!hasStore && key !== undefined) throw storeRequired('Idempotency-Key')
  if (!hasStore && respondAsync) throw storeRequired('Prefer: respond-async')
  return { respondAsync, idempotencyKey: readKey(key) }
}

/** RFC 7240: a list of preferences, each perhaps with a value and parameters. */
function wantsAsync(prefer: string): boolean {
  // A quoted value may hold anything, also what looks like a preference.
  const unquoted = prefer.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
  return /(?:^|,)\s*respond-async\s*(?:[;,=]|$)/i.test(unquoted)
}

const MAX_KEY = 255
const keyError = `Idempotency-Key: expected 1 to ${MAX_KEY} visible ASCII characters, bare or in double quotes`

/** A structured-field string as the IETF draft has it, or the bare text that most clients send: both name the same key. */
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
