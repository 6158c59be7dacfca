import { within } from '../base/within.ts'
import { StoreError } from './store.ts'

/** For one call, however many statements it takes. Less than a lease by far. */
export const CALL_TIMEOUT_MS = 10_000

/** Every call ends in time, and every way in which it fails is a StoreError. */
export async function asStoreCall<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    const done = await within(CALL_TIMEOUT_MS, call())
    if (done === undefined) throw new StoreError('the store did not answer in time', undefined)
    return done.value
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError('the store failed', error)
  }
}
