import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { AddressRanges } from '../base/address.ts'
import { Fault } from '../base/fault.ts'
import { RateLimit } from '../base/rate-limit.ts'
import { isContradictory, valuesOf } from '../http/request.ts'
import { clientAddress, networkOf } from './client-address.ts'

type DivarKeys = {
  /** The identification key and, while keys rotate, the next one. */
  keys: readonly [string, ...string[]]
  countWrongKey: CountWrongKey
  /** The addresses that Divar calls from; by default any. */
  sources?: AddressRanges | undefined
}

/**
 * Authenticates Divar: the raw `Authorization` header must be one of the keys, and the request must come from `sources`. A wrong address is answered
 * like a wrong key, so that the answer does not confirm a key.
 *
 * The key is free text from the developer panel: it may contain blanks, begin with `Bearer ` or be Persian. Therefore trimmed bytes are compared.
 * @throws Fault `identification_refused` or `too_many_wrong_keys`
 */
export function requireDivar({ keys, countWrongKey, sources }: DivarKeys): RequestHandler {
  const known = keys.map((key) => Buffer.from(trimBlanks(key), 'utf8'))
  return (request, _response, next) => {
    // Node decodes headers as latin1: one character for each byte.
    const presented = Buffer.from(trimBlanks(request.headers.authorization ?? ''), 'latin1')
    // Both are always compared, so that the time does not tell which one matched.
    const matches = known.filter((key) => isSameSecret(key, presented))
    const isExpected = sources === undefined || sources.has(clientAddress(request) ?? '')
    if (matches.length > 0 && isExpected) {
      next()
      return
    }
    const detail = 'authorization: expected the Divar identification key, raw, as set in the developer panel'
    const options = isExpected ? {} : { internal: 'the address is not in DIVAR_SOURCE_RANGES' }
    throw countWrongKey(request, new Fault('identification_refused', detail, options))
  }
}

/**
 * Trims ASCII blanks only: `String.trim` also removes 0xA0, the last byte of some Persian letters. Not a regular expression: one that ends in `$` takes
 * quadratic time on a header of 16 KiB of blanks.
 */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Locals {
      /** The name of the calling service in INTERNAL_API_KEYS, once it is authenticated. */
      caller?: string
      /** What that service may do. */
      permissions?: ReadonlySet<Permission>
    }
  }
}

/** A key of a calling service. A service has two while one rotates. */
export type CallerKey = { name: string; key: string; permissions: ReadonlySet<Permission> }

/**
 * Authenticates one of the company's own services by `x-api-key`; handlers behind it get its name from `callerOf`, and its permissions are checked by
 * `requirePermission`. The same key sent twice counts once; two different keys are refused.
 * @throws Fault `api_key_refused` or `too_many_wrong_keys`
 */
export function requireCaller(keys: readonly CallerKey[], countWrongKey: CountWrongKey): RequestHandler {
  const findCaller = createFindCaller(keys)
  return (request, response, next) => {
    const values = valuesOf('x-api-key', request.rawHeaders)
    const key = isContradictory(values) ? '' : (values[0] ?? '')
    const caller = findCaller(Buffer.from(key, 'latin1'))
    if (caller === undefined) {
      const detail = 'x-api-key: expected one of the keys in INTERNAL_API_KEYS of this gateway'
      throw countWrongKey(request, new Fault('api_key_refused', detail))
    }
    response.locals.caller = caller.name
    response.locals.permissions = caller.permissions
    response.locals.requestLog.fields['caller'] = caller.name
    next()
  }
}

/** Finds the calling service of a key. Keys are looked up by salted digest, so that the timing says nothing about a key. */
export function createFindCaller(keys: readonly CallerKey[]): (key: Buffer) => CallerKey | undefined {
  const callers = new Map(keys.map((caller) => [digestKey(Buffer.from(caller.key, 'utf8')), caller]))
  return (key) => callers.get(digestKey(key))
}

/** The calling service. Throws on a route without `requireCaller`, so that none can be served without authentication. */
export function callerOf({ locals: { caller } }: Response): string {
  if (caller === undefined) throw new Error('expected a route behind requireCaller')
  return caller
}

/** What a caller may do. `CALLER_PERMISSIONS` assigns these words. */
export const PERMISSIONS = ['send', 'consents', 'users', 'clicks', 'platform', 'operate'] as const
export type Permission = (typeof PERMISSIONS)[number]

/** Those of every caller while `CALLER_PERMISSIONS` is not set. */
export const DEFAULT_PERMISSIONS: ReadonlySet<Permission> = new Set(['send', 'consents', 'users', 'clicks'])

/**
 * Refuses callers that have none of `words`, which are one word for most routes. It comes after `requireCaller` and before the body is read.
 * @throws Fault `not_allowed`, which names the first word
 */
export function requirePermission(...words: readonly [Permission, ...Permission[]]): RequestHandler {
  return (_request, response, next) => {
    if (!words.some((word) => isAllowed(response, word))) throw notAllowed(words[0])
    next()
  }
}

/** Whether the calling service has this permission. Throws on a route without `requireCaller`. */
function isAllowed({ locals: { permissions } }: Response, word: Permission): boolean {
  if (permissions === undefined) throw new Error('expected a route behind requireCaller')
  return permissions.has(word)
}

export function notAllowed(word: Permission): Fault {
  return new Fault('not_allowed', `This caller does not have the permission ${word}; CALLER_PERMISSIONS grants it.`, {
    members: { permission: word },
  })
}

const USER_TOKEN = /^[\x21-\x7e]{1,4096}$/

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
  if (!USER_TOKEN.test(token)) {
    throw new Fault('malformed_request', 'x-access-token: expected visible ASCII of at most 4096 characters')
  }
  return token
}

const MAX_ADDRESSES = 10_000

/** Counts a wrong key by client address. Returns `refusal`, or `too_many_wrong_keys` above the rate limit. */
export type CountWrongKey = (request: Request, refusal: Fault) => Fault

/** @param perMinute 0 for no limit */
export function createWrongKeyCount(perMinute: number): CountWrongKey {
  if (perMinute === 0) return (_, refusal) => refusal
  const rateLimit = new RateLimit({ name: 'wrong-keys', perMinute, maxKeys: MAX_ADDRESSES })
  return (request, refusal) => {
    const address = clientAddress(request)
    // Unparsable addresses share one counter.
    const { taken, resetsInS, headers } = rateLimit.take(address === undefined ? 'unreadable' : networkOf(address))
    if (taken) return refusal
    const detail = 'Too many wrong keys came from this address within a minute; the right one is accepted at any time.'
    return new Fault('too_many_wrong_keys', detail, { ...refusal.options, retryAfter: resetsInS, headers })
  }
}

/** Compares in constant time: what can be measured is the length of a secret, not how much of a guess is right. */
export function isSameSecret(secret: Buffer, presented: Buffer): boolean {
  return secret.length === presented.length && timingSafeEqual(secret, presented)
}

/** Random for each process, so that a digest in memory cannot be looked up. */
const salt = randomBytes(16)

/** Salted SHA-256, by which a key is looked up without telling by the time how much of it is right. */
function digestKey(key: Buffer): string {
  return hash('sha256', Buffer.concat([salt, key]), 'base64')
}
