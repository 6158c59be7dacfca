import { isJsonObject, type JsonObject } from '../base/strict-json.ts'

/** Takes known members out of an object. What is unknown, or cannot be read, is left. */
export class Members {
  readonly #object: JsonObject
  readonly #taken = new Set<string>()

  constructor(object: JsonObject) {
    this.#object = object
  }

  /** The first of these members that can be read. Null and empty texts count as absent. */
  take<Value>(names: readonly string[], read: (value: unknown) => Value | undefined): Value | undefined {
    for (const name of names) {
      const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
      if (value === null || value === '') this.#taken.add(name)
      const found = value === undefined || value === null || value === '' ? undefined : read(value)
      if (found === undefined) continue
      this.#taken.add(name)
      return found
    }
    return undefined
  }

  /** The members that were not taken. */
  left(): JsonObject {
    return Object.fromEntries(Object.entries(this.#object).filter(([name]) => !this.#taken.has(name)))
  }
}

export function readObject(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}

export function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Divar writes its words in capital letters. */
export function readWord(value: unknown): string | undefined {
  return typeof value === 'string' ? value.trim().toUpperCase() || undefined : undefined
}

/** An id may come as a number. */
export function readId(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : readText(value)
}

/** A number may come as a decimal text, as JSON writes int64. A value that is too large for a number stays a text. */
export function readNumber(value: unknown): unknown {
  if (typeof value !== 'string' || !/^-?\d{1,16}(?:\.\d{1,32})?$/.test(value)) return value
  const number = Number(value)
  return Number.isSafeInteger(Math.trunc(number)) ? number : value
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d\d):?(\d\d))?$/

/** A point in time as RFC 3339 in UTC with microseconds, from microseconds since 1970, as a number or digits, or from RFC 3339. */
export function readTime(value: unknown): string | undefined {
  if (typeof value === 'number') return value >= 1 && value < 1e19 ? writeEpoch(BigInt(Math.trunc(value))) : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^\d{1,19}$/.test(text)) return writeEpoch(BigInt(text))
  const [, date, time, fraction = '', hours, minutes] = RFC_3339.exec(text) ?? []
  if (date === undefined || time === undefined) return undefined
  // Without a zone it is in UTC.
  const zone = hours === undefined || minutes === undefined ? 'Z' : `${hours}:${minutes}`
  const ms = Date.parse(`${date}T${time}${zone}`)
  return ms >= 0 ? writeTime(ms, fraction.slice(0, 6).padEnd(6, '0')) : undefined
}

/** Divar's int64 has microseconds. Other units are told apart by their size, from 1973 on. */
function writeEpoch(count: bigint): string | undefined {
  if (count < 100_000_000n) return undefined
  const micros = toMicros(count)
  return writeTime(Number(micros / 1_000_000n) * 1000, String(micros % 1_000_000n).padStart(6, '0'))
}

function toMicros(count: bigint): bigint {
  if (count < 100_000_000_000n) return count * 1_000_000n
  if (count < 100_000_000_000_000n) return count * 1000n
  return count < 100_000_000_000_000_000n ? count : count / 1000n
}

function writeTime(wholeSecondsMs: number, micros: string): string | undefined {
  const text = new Date(wholeSecondsMs).toISOString()
  return text.length === 24 ? `${text.slice(0, 19)}.${micros}Z` : undefined
}
