import { CommandFailure, EXIT } from './io.ts'

type Container = Record<string, unknown> | unknown[]

/**
 * Sets `a.b.0=value` in place; the value is JSON if it parses as JSON, else text. Missing objects are created.
 * @throws CommandFailure when it is not `path=value`, leads through a value without members, or past the end of an array
 */
export function setPath(body: Record<string, unknown>, assignment: string): void {
  const at = assignment.indexOf('=')
  if (at < 1) throw new CommandFailure(`--set ${assignment}: expected path=value`, EXIT.usage)
  const keys = assignment.slice(0, at).split('.')
  write(findParent(body, keys, true), keys.at(-1) ?? '', readValue(assignment.slice(at + 1)))
}

/** Removes the member at `a.b.c`, if there is one. */
export function unsetPath(body: Record<string, unknown>, path: string): void {
  const keys = path.split('.')
  const parent = findParent(body, keys, false)
  const key = keys.at(-1) ?? ''
  if (parent === undefined || !Object.hasOwn(parent, key)) return
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- an own member that the user named
  if (!Array.isArray(parent)) delete parent[key]
  else if (isIndex(key)) parent.splice(Number(key), 1)
}

function findParent(body: Record<string, unknown>, keys: string[], create: boolean): Container | undefined {
  let parent: Container = body
  for (const key of keys.slice(0, -1)) {
    const next: unknown = Object.entries(parent).find(([name]) => name === key)?.[1]
    if (isContainer(next)) parent = next
    else if (!create) return undefined
    else if (next === undefined || next === null) parent = write(parent, key, {})
    else throw new CommandFailure(`--set: ${key} has no members`, EXIT.usage)
  }
  return parent
}

/** Defines an own member; `__proto__` is a name like any other. */
function write<Value>(parent: Container | undefined, key: string, value: Value): Value {
  if (Array.isArray(parent) && !(isIndex(key) && Number(key) <= parent.length)) {
    throw new CommandFailure(`--set: ${key}: expected an index from 0 to ${parent.length}`, EXIT.usage)
  }
  if (parent !== undefined) {
    Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })
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
