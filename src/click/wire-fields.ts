import * as z from 'zod'
import { isLoopback, readWebAddress } from '../base/address.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { COMPLETION_URL } from './click.ts'

/** One optional part of a click: whether a value has the right JSON type and is not empty, and the optional parts inside it. */
type Part = { isPresent: (value: unknown) => boolean; parts?: OptionalParts }
export type OptionalParts = ReadonlyMap<string, Part>

/** A string that is not empty. */
export const textPart: Part = { isPresent: (value) => typeof value === 'string' && value !== '' }

/** Every name of a shape as an optional text. */
export function textParts(shape: object): [string, Part][] {
  return Object.keys(shape).map((name) => [name, textPart])
}

/** The app's own data: an object with a value, kept as it came. */
export const dataPart: Part = { isPresent: (value) => isJsonObject(value) && hasValues(value) }

/** An object of which at least one member is not null. */
export function objectPart(parts: OptionalParts): Part {
  return { isPresent: (value) => isJsonObject(value) && hasValues(value), parts }
}

/**
 * Removes optional parts that are empty or of a wrong JSON type, so that one odd part does not fail the click. Values of the right type are left to
 * the schema, which refuses those out of bounds.
 * @param onAbsent called for each removed part
 */
export function withoutAbsentParts(object: JsonObject, parts: OptionalParts, onAbsent: () => void): JsonObject {
  let kept = object
  for (const [name, part] of parts) {
    const value = object[name]
    if (value === undefined) continue
    const present = presentValue(value, part, onAbsent)
    if (present === value) continue
    if (kept === object) kept = { ...object }
    kept[name] = present
  }
  return kept
}

function presentValue(value: unknown, { isPresent, parts }: Part, onAbsent: () => void): unknown {
  if (!isPresent(value)) {
    onAbsent()
    return undefined
  }
  return parts !== undefined && isJsonObject(value) ? withoutAbsentParts(value, parts, onAbsent) : value
}

/** Whether a member is not null. */
function hasValues(object: JsonObject): boolean {
  for (const key in object) if (object[key] !== null) return true
  return false
}

// Fields of both API versions. Errors name what was expected, and never repeat the value.

/** Absent, null and empty mean the same. */
export function optionalText(max: number) {
  const error = `expected a string of at most ${max} characters, null or nothing`
  return z
    .string({ error })
    .max(max, { error })
    .nullish()
    .transform((text) => (text === null || text === '' ? undefined : text))
}

/** Any JSON object, kept unchanged. */
export const anyObject = z.custom<JsonObject>(isJsonObject, { error: 'expected an object, null or nothing' })

export const optionalObject = anyObject.nullish()

/** The three names of the return URL; see `chooseReturnUrl`. */
export const returnAddresses = {
  callback_url: optionalText(2048),
  completion_url: optionalText(2048),
  return_url: optionalText(2048),
}

/**
 * The first return URL that Divar offered, otherwise its completion page. Only https under divar.ir and loopback (the simulator) are trusted; other URLs
 * are replaced by the completion page, and `replaced` is true.
 */
export function chooseReturnUrl(...offered: (string | null | undefined)[]): { url: string; replaced: boolean } {
  const first = offered.find((address) => typeof address === 'string' && address !== '')
  if (typeof first !== 'string' || first === COMPLETION_URL) return { url: COMPLETION_URL, replaced: false }
  const address = readWebAddress(first)
  return address !== undefined && (isDivar(address) || isLoopback(address))
    ? { url: address.href, replaced: false }
    : { url: COMPLETION_URL, replaced: true }
}

function isDivar({ protocol, hostname, port }: URL): boolean {
  return protocol === 'https:' && port === '' && (hostname === 'divar.ir' || hostname.endsWith('.divar.ir'))
}

function degrees(limit: number) {
  const error = `expected a number, or a decimal string, from -${limit} to ${limit}`
  return z
    .union([z.number(), z.string().regex(/^[+-]?\d{1,3}(?:\.\d{1,32})?$/, { error })], { error })
    .transform(Number)
    .refine((value) => Math.abs(value) <= limit, { error })
}

export const location = z.object(
  { latitude: degrees(90), longitude: degrees(180) },
  { error: 'expected an object with latitude and longitude' },
)

/** Present if both coordinates are numbers or texts; the schema refuses those out of range. */
export const locationPart: Part = {
  isPresent: (value) => isJsonObject(value) && isCoordinate(value['latitude']) && isCoordinate(value['longitude']),
}

function isCoordinate(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
}

/** Whether a schema has a key. */
export function knows({ shape }: { shape: object }): (key: string) => boolean {
  const keys = new Set(Object.keys(shape))
  return (key) => keys.has(key)
}

/** The unknown members of an object, unchanged; `__proto__` stays an ordinary key. */
export function unknownMembers(object: JsonObject, isKnown: (key: string) => boolean): JsonObject {
  const unknown: [string, unknown][] = []
  for (const name in object) if (!isKnown(name)) unknown.push([name, object[name]])
  return Object.fromEntries(unknown)
}
