import { CommandFailure, EXIT } from './io.ts'

type Container = Record<string, unknown> | unknown[]

/**
 * Sets `a.b.0=value` in a copy-free way; the value is JSON where it parses as that, else text. Missing objects are made.
 * @throws CommandFailure when it is no `path=value`, leads through something that holds no members, or past the end of an array
 */
export function setPath(body: Record<string, unknown>, assignment: string): void {
  const at = assignment.indexOf('=')
  if (at < 1) throw new CommandFailure(`--set ${assignment}: expected path=value`, EXIT.usage)
  const keys = assignment.slice(0, at).split('.')
  write(walk(body, keys, true), keys.at(-1) ?? '', readValue(assignment.slice(at + 1)))
}

/** Takes the member at `a.b.c` out; one that is not there is no fault. */
export function unsetPath(body: Record<string, unknown>, path: string): void {
  const keys = path.split('.')
  const holder = walk(body, keys, false)
  const key = keys.at(-1) ?? ''
  if (holder === undefined || !Object.hasOwn(holder, key)) return
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- an own member that the user named
  if (!Array.isArray(holder)) delete holder[key]
  else if (isIndex(key)) holder.splice(Number(key), 1)
}

function walk(body: Record<string, unknown>, keys: string[], make: boolean): Container | undefined {
  let holder: Container = body
  for (const key of keys.slice(0, -1)) {
    const next: unknown = Object.entries(holder).find(([name]) => name === key)?.[1]
    if (isContainer(next)) holder = next
    else if (!make) return undefined
    else if (next === undefined || next === null) holder = write(holder, key, {})
    else throw new CommandFailure(`--set: ${key} holds no members`, EXIT.usage)
  }
  return holder
}

/** As an own member, whatever its name: `__proto__` is data. */
function write<Value>(holder: Container | undefined, key: string, value: Value): Value {
  if (Array.isArray(holder) && !(isIndex(key) && Number(key) <= holder.length)) {
    throw new CommandFailure(`--set: ${key}: expected an index from 0 to ${holder.length}`, EXIT.usage)
  }
  if (holder !== undefined) {
    Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return value
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(key)
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
