import type { IncomingMessage, IncomingHttpHeaders } from 'node:http'
import { Fault } from '../base/fault.ts'

/** What a sender asks for besides: to be answered before delivery, and that a repeat does nothing twice. */
export type SendPreferences = { respondAsync: boolean; idempotencyKey: string | undefined }

/** @throws Fault `store_required` for what needs a store where there is none, `malformed_request` for a key that is none */
export function readSendPreferences({ headers }: IncomingMessage, hasStore: boolean): SendPreferences {
  const { prefer, 'idempotency-key': key } = headers
  const respondAsync = prefer !== undefined && wantsAsync(String(prefer))
  if (!hasStore && key !== undefined) throw storeRequired('Idempotency-Key')
  if (!hasStore && respondAsync) throw storeRequired('Prefer: respond-async')
  return { respondAsync, idempotencyKey: readKey(key) }
}

/** RFC 7240: a list of preferences, each perhaps with a value and parameters. */
function wantsAsync(prefer: string): boolean {
  return withoutQuoted(prefer)
    .split(',')
    .some((preference) => /^respond-async\s*(?:[;=]|$)/i.test(preference.trim()))
}

/**
 * A quoted value may hold anything, also what looks like a preference. One pass: a regular expression would look for the end of a quoted value
 * anew from each quote. A quote without an end stays a character like any other.
 */
function withoutQuoted(text: string): string {
  let kept = ''
  let at = 0
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', at)) {
    const end = endOfQuoted(text, start)
    if (end < 0) break
    kept += text.slice(at, start)
    at = end
  }
  return kept + text.slice(at)
}

/** The index behind a quoted value's closing quote; -1 when it has none. */
function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1
    if (text[at] === '\\') at += 1
  }
  return -1
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
