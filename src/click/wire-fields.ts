import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'

/** One optional part of a click: whether a value has its JSON type and holds something, and the optional parts inside it. */
export type Part = { isPresent: (value: unknown) => boolean; parts?: OptionalParts }
export type OptionalParts = ReadonlyMap<string, Part>

/** A string that is not empty. */
export const textPart: Part = { isPresent: (value) => typeof value === 'string' && value !== '' }

/** The app's own data: any object with members, kept as it came. */
export const dataPart: Part = { isPresent: (value) => isJsonObject(value) && hasMembers(value) }

/** An object of which at least one member is not null. */
export function objectPart(parts?: OptionalParts): Part {
  const isPresent = (value: unknown) => isJsonObject(value) && hasValues(value)
  return parts === undefined ? { isPresent } : { isPresent, parts }
}

/**
 * The object without the optional parts that are empty or have another JSON type: one odd part must not cost the user the click. Values of
 * the right type are left to the schema, which refuses those out of bounds.
 * @param onAbsent called for each part that is taken out
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

function hasMembers(object: JsonObject): boolean {
  for (const _key in object) return true
  return false
}

/** Whether at least one member is not null. */
export function hasValues(object: JsonObject): boolean {
  for (const key in object) if (object[key] !== null) return true
  return false
}

/** What both wires' clicks are made of. Every error names what was expected and nothing of what came. */

/** Absent, null and empty mean the same: the platform left it out. */
export function optionalText(max: number) {
  const error = `expected a string of at most ${max} characters, null or nothing`
  return z
    .string({ error })
    .max(max, { error })
    .nullish()
    .transform((text) => (text === null || text === '' ? undefined : text))
}

/** Any JSON object, kept as it came: copying it would be a chance to lose a key. */
export const anyObject = z.custom<JsonObject>(isJsonObject, { error: 'expected an object, null or nothing' })

export const optionalObject = anyObject.nullish()

/** The three names under which the way back comes. Which one counts, and whether it is trusted, is decided in `return-url.ts`. */
export const returnAddresses = {
  callback_url: optionalText(2048),
  completion_url: optionalText(2048),
  return_url: optionalText(2048),
}

/** The same three, as optional parts. */
export const returnAddressParts: readonly [string, Part][] = Object.keys(returnAddresses).map((name) => [
  name,
  textPart,
])

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

/** A location is present when each of its members is a number or a text; half of one, or a place off the earth, is the schema's to refuse. */
export const locationPart: Part = {
  isPresent: (value) =>
    isJsonObject(value) &&
    hasValues(value) &&
    isDegreesOrMissing(value['latitude']) &&
    isDegreesOrMissing(value['longitude']),
}

function isDegreesOrMissing(value: unknown): boolean {
  return value === undefined || typeof value === 'number' || (typeof value === 'string' && value !== '')
}

/** Whether a schema knows a key. Its shape is asked once, not with each click. */
export function knows({ shape }: { shape: object }): (key: string) => boolean {
  const keys = new Set(Object.keys(shape))
  return (key) => keys.has(key)
}

/** The members of an object that are not known, as they came; `__proto__` stays an ordinary key. Mostly there are none. */
export function unknownMembers(object: JsonObject, isKnown: (key: string) => boolean): JsonObject {
  const unknown: [string, unknown][] = []
  for (const key in object) if (!isKnown(key)) unknown.push([key, object[key]])
  return unknown.length === 0 ? {} : Object.fromEntries(unknown)
}
