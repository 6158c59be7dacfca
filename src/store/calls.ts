import { AsyncLocalStorage } from 'node:async_hooks'
import { withTimeout } from '../base/timeout.ts'
import { StoreError, type StoreMethods } from './store.ts'

/** For one call with all of its statements. Much less than a lease. */
export const CALL_TIMEOUT_MS = 10_000

/** The connection failed after a commit was sent and before its answer came: the commit may have taken effect. */
export class LostAnswerError extends Error {
  constructor(cause: unknown) {
    super('the answer to a commit was lost', { cause })
    this.name = 'LostAnswerError'
  }
}

/** Whether a call can still be abandoned without any effect. */
class CallProgress {
  #state: 'open' | 'committing' | 'given_up' = 'open'

  beginCommit(): void {
    if (this.#state === 'given_up') throw new StoreError('the call was given up before its commit', undefined)
    this.#state = 'committing'
  }

  giveUp(): boolean {
    if (this.#state === 'committing') return false
    this.#state = 'given_up'
    return true
  }
}

const calls = new AsyncLocalStorage<CallProgress>()

/**
 * Call it before sending anything that commits.
 * @throws StoreError when the caller has already been answered that nothing was done
 */
export function beginCommit(): void {
  calls.getStore()?.beginCommit()
}

/** Runs a call with a timeout. Every failure is a StoreError that says whether the call may have been committed. */
export function runCall<Result>(call: () => Promise<Result>): Promise<Result> {
  const progress = new CallProgress()
  return withCallTimeout(
    () => calls.run(progress, call),
    () => progress.giveUp(),
  )
}

/** As `runCall`, for a call that changes nothing. */
export async function runRead<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await runCall(call)
  } catch (error) {
    throw error instanceof StoreError ? new StoreError(error.message, error.cause) : error
  }
}

/** @param giveUp prevents the commit; returns whether that was still possible */
export async function withCallTimeout<Result>(call: () => Promise<Result>, giveUp: () => boolean): Promise<Result> {
  try {
    const done = await withTimeout(CALL_TIMEOUT_MS, call())
    if (done === undefined) {
      throw new StoreError('the store did not answer in time', undefined, { mayHaveCommitted: !giveUp() })
    }
    return done.value
  } catch (error) {
    if (error instanceof StoreError) throw error
    const isLost = error instanceof LostAnswerError
    throw new StoreError('the store failed', isLost ? error.cause : error, { mayHaveCommitted: isLost })
  }
}

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
