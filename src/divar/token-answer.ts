import { readJsonObject } from '../base/strict-json.ts'

/** A number of at least this size is a point in time in seconds, not a duration. */
const LEAST_UNIX_TIME_S = 1_000_000_000
/** A number of at least this size is a point in time in milliseconds; in seconds it would be the year 5138. */
const LEAST_UNIX_TIME_MS = 100_000_000_000

/** Longest life of an access token: a refresh token's. A longer duration is in milliseconds. */
const MAX_LIFE_S = 30 * 24 * 60 * 60

/** Characters of an `Authorization` header (RFC 6750, 2.1), at most 4096. */
const ACCESS_TOKEN = /^[\x21-\x7e]{1,4096}$/
/** Characters by RFC 6749, A.17: a refresh token is sent in a form, never in a header. */
const REFRESH_TOKEN = /^[\x20-\x7e]{1,4096}$/

/**
 * Normalizes Divar's token answers to OAuth 2.0: some lack `token_type`, have a point in time (`expires`) in place of `expires_in`, or
 * send numbers as strings. Empty members and the identity token are left out. Anything but a JSON object is returned unchanged.
 */
export function normalizeTokenAnswer(bytes: Uint8Array, nowMs: number): Uint8Array {
  const answer = readJsonObject(bytes)
  if (typeof answer?.['access_token'] !== 'string') return bytes
  const { expires, expires_in, token_type, refresh_token, scope, id_token: _, ...rest } = answer
  const expiresIn = readLife(expires_in, nowMs) ?? readLife(expires, nowMs)
  return Buffer.from(
    JSON.stringify({
      ...rest,
      token_type: typeof token_type === 'string' && token_type !== '' ? token_type : 'bearer',
      ...(expiresIn !== undefined && { expires_in: expiresIn }),
      ...(isText(refresh_token) && { refresh_token }),
      ...(scope !== undefined && { scope }),
    }),
  )
}

/**
 * Why a token answer with a status of success cannot be used; undefined when it can. `error`: it contains an OAuth error, which belongs
 * under a 4xx.
 */
export function findAnswerProblem(
  bytes: Uint8Array,
): { kind: 'error' } | { kind: 'unusable'; reason: string } | undefined {
  const answer = readJsonObject(bytes)
  if (answer === undefined) return unusable('the token answer cannot be read')
  const { error, scope, access_token: accessToken, refresh_token: refreshToken } = answer
  if (isText(error)) return { kind: 'error' }
  if (scope !== undefined && typeof scope !== 'string') return unusable('the scope of the token answer cannot be read')
  if (typeof accessToken === 'string' && !ACCESS_TOKEN.test(accessToken)) {
    return unusable('the access token of the answer fits into no header')
  }
  if (isText(refreshToken) && !REFRESH_TOKEN.test(refreshToken)) {
    return unusable('the refresh token of the answer is none that could be sent back')
  }
  return undefined
}

function unusable(reason: string) {
  return { kind: 'unusable' as const, reason }
}

/** Seconds from now. Whether the number is a duration or a point in time, in seconds or milliseconds, follows from its size. */
function readLife(value: unknown, nowMs: number): number | undefined {
  const number = readNumber(value)
  return number === undefined ? undefined : Math.min(Math.max(toSeconds(number, nowMs), 0), MAX_LIFE_S)
}

function toSeconds(number: number, nowMs: number): number {
  if (number >= LEAST_UNIX_TIME_MS) return Math.floor((number - nowMs) / 1000)
  if (number >= LEAST_UNIX_TIME_S) return number - Math.floor(nowMs / 1000)
  return number > MAX_LIFE_S ? number / 1000 : number
}

function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
