import { Fault } from './fault.ts'

/** Levels of nesting; `[[]]` has 2. */
const MAX_DEPTH = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

export type JsonObject = Record<string, unknown>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Parses untrusted JSON: valid UTF-8, no NUL and no lone surrogate in strings and keys, finite numbers, at most 64 levels. The last of duplicate keys
 * wins, and `__proto__` is an ordinary key.
 * @throws Fault `malformed_request`, saying what and where, without repeating a value
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  const value = parse(text)
  // In valid UTF-8 and JSON, these flaws of strings can only come from escapes.
  const flaw = findFlaw(value, 1, text.includes('\\u'))
  if (flaw !== undefined) throw new Fault('malformed_request', `body: ${flaw}`)
  return value
}

/** The JSON object in these bytes; undefined when they are no strict JSON or anything else. */
export function readJsonObject(body: Uint8Array | undefined): JsonObject | undefined {
  try {
    const json = body && parseStrictJson(body)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** Whether these bytes are JSON in UTF-8, of any depth. */
export function isJsonText(bytes: Uint8Array): boolean {
  try {
    JSON.parse(utf8.decode(bytes))
    return true
  } catch {
    return false
  }
}

/** Why `parseStrictJson` would refuse a value that was not read from JSON; undefined when it would not. */
export function findJsonFlaw(value: unknown): string | undefined {
  return findFlaw(value, 1, true)
}

/** Equal for equal values, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sortKeys(value))
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isJsonObject(value)) return value
  const keys = Object.keys(value).sort()
  // Pairs, since objects order numeric keys first and treat __proto__ specially.
  return keys.map((key) => [key, sortKeys(value[key])])
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new Fault('malformed_request', 'body: expected UTF-8', { cause })
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new Fault('malformed_request', 'body: expected JSON, found nothing')
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    // V8's message quotes the body; only the position is safe to repeat.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const where = position === undefined ? '' : ` (at character ${position})`
    throw new Fault('malformed_request', `body: expected well-formed JSON${where}`)
  }
}

/** The first flaw that JSON.parse accepts. Depth is checked on the way down, so the recursion is bounded. */
function findFlaw(value: unknown, depth: number, hasEscapes: boolean): string | undefined {
  if (typeof value === 'string') return hasEscapes ? findTextFlaw(value) : undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number is too large'
  if (!isObject(value)) return undefined
  if (depth > MAX_DEPTH) return `expected at most ${MAX_DEPTH} levels of nesting`
  if (Array.isArray(value)) return findItemFlaw(value, depth, hasEscapes)
  // JSON.parse creates own members only, so `for in` is safe and avoids an array of keys.
  for (const key in value) {
    const flaw = (hasEscapes ? findTextFlaw(key) : undefined) ?? findFlaw(value[key], depth + 1, hasEscapes)
    if (flaw !== undefined) return flaw
  }
  return undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

function findItemFlaw(items: readonly unknown[], depth: number, hasEscapes: boolean): string | undefined {
  for (const item of items) {
    const flaw = findFlaw(item, depth + 1, hasEscapes)
    if (flaw !== undefined) return flaw
  }
  return undefined
}

function findTextFlaw(text: string): string | undefined {
  if (text.includes('\0')) return 'a string holds a NUL character'
  return text.isWellFormed() ? undefined : 'a string holds half of a surrogate pair'
}
