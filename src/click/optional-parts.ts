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
