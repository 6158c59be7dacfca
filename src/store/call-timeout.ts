import { AsyncLocalStorage } from 'node:async_hooks'
import { withTimeout } from '../base/timeout.ts'
import { StoreError } from './store.ts'

/** For one call, however many statements it takes. Less than a lease by far. */
export const CALL_TIMEOUT_MS = 10_000

/** The connection failed after a commit was sent and before its answer came: the commit may have taken effect. */
export class LostAnswerError extends Error {
  constructor(cause: unknown) {
    super('the answer to a commit was lost', { cause })
    this.name = 'LostAnswerError'
  }
}

/** Whether a call may still be given up so that it surely changes nothing. */
class Progress {
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

const calls = new AsyncLocalStorage<Progress>()

/**
 * To be called before anything is sent to the database that commits.
 * @throws StoreError when the caller has already been answered that nothing was done
 */
export function beginCommit(): void {
  calls.getStore()?.beginCommit()
}

/** Every call ends in time, and every way in which it fails is a StoreError that says whether the call may have been done all the same. */
export function asStoreCall<Result>(call: () => Promise<Result>): Promise<Result> {
  const progress = new Progress()
  return withDeadline(
    () => calls.run(progress, call),
    () => progress.giveUp(),
  )
}

/** As `asStoreCall`, for a call that changes nothing. */
export async function asStoreRead<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await asStoreCall(call)
  } catch (error) {
    throw error instanceof StoreError ? new StoreError(error.message, error.cause) : error
  }
}

/** @param giveUp prevents the call from being done; answers whether that was still possible */
export async function withDeadline<Result>(call: () => Promise<Result>, giveUp: () => boolean): Promise<Result> {
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
