import { isJsonObject, parseStrictJson, type JsonObject } from '../base/strict-json.ts'

/** A point in time in seconds is a number of this size, a duration never is. */
const LEAST_UNIX_TIME_S = 1_000_000_000

/** Ten years: no token lives longer, and a database could not count further than some answers might. */
const MAX_LIFE_S = 10 * 365 * 24 * 60 * 60

/**
 * Brings the platform's token answers into the form that OAuth 2.0 has for them: `token_type` is missing in some, others name a point in
 * time, `expires`, where a duration belongs, or send numbers as strings. What is empty is left out, and so is an identity token, which
 * nobody has asked for. What is no JSON object stays as it came.
 */
export function normalizeTokenAnswer(bytes: Uint8Array, nowMs: number): Uint8Array {
  const answer = readJson(bytes)
  if (!isJsonObject(answer) || typeof answer['access_token'] !== 'string') return bytes
  const { expires, expires_in, token_type, refresh_token, scope, id_token: _, ...rest } = answer
  const expiresIn = readNumber(expires_in) ?? readExpires(expires, nowMs)
  return Buffer.from(
    JSON.stringify({
      ...rest,
      token_type: typeof token_type === 'string' && token_type !== '' ? token_type : 'bearer',
      ...(expiresIn !== undefined && { expires_in: Math.min(Math.max(expiresIn, 0), MAX_LIFE_S) }),
      ...(isText(refresh_token) && { refresh_token }),
      ...(isText(scope) && { scope }),
    }),
  )
}

function readJson(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = parseStrictJson(bytes)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readExpires(expires: unknown, nowMs: number): number | undefined {
  const seconds = readNumber(expires)
  if (seconds === undefined) return undefined
  return seconds < LEAST_UNIX_TIME_S ? seconds : seconds - Math.floor(nowMs / 1000)
}

function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
