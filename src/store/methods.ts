import type { StoreMethods } from './store.ts'

export type MethodName = keyof StoreMethods

type Methods<Of> = { [Name in keyof Of]: (...parameters: never[]) => Promise<unknown> }
type Parameter<Of extends Methods<Of>, Name extends keyof Of> = Parameters<Of[Name]>
type Result<Of extends Methods<Of>, Name extends keyof Of> = Promise<Awaited<ReturnType<Of[Name]>>>

/** The methods `Of` as they run in a database: with it in front of their own parameters. */
export type QueriesOf<Of extends Methods<Of>, Database> = {
  [Name in keyof Of]: (database: Database, ...parameters: Parameter<Of, Name>) => Result<Of, Name>
}

/** Methods that change nothing, so repeating one is always safe. */
const READS: ReadonlySet<MethodName> = new Set(['findRepeat', 'find', 'list', 'readBody'])

export function isRead(name: MethodName): boolean {
  return READS.has(name)
}

/** An object with one method for each of `names`: it calls `call` with its name and its parameters. */
export function createMethods<Of extends Methods<Of>>(
  names: readonly (keyof Of)[],
  call: <Name extends keyof Of>(name: Name, ...parameters: Parameter<Of, Name>) => Result<Of, Name>,
) {
  type Whole = { [Name in keyof Of]: (...parameters: Parameter<Of, Name>) => Result<Of, Name> }
  const methods: Partial<Whole> = {}
  for (const name of names) methods[name] = (...parameters) => call(name, ...parameters)
  const isWhole = (some: Partial<Whole>): some is Whole => names.every((name) => some[name] !== undefined)
  if (!isWhole(methods)) throw new Error('a method of the store is missing')
  return methods
}
