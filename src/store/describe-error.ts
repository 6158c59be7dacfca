import { describeError } from '../base/log.ts'
import { StoreError } from './store.ts'

/** What may be logged of a failing store: the kind of what lies behind it. */
export function describeStoreError(error: unknown): Record<string, unknown> {
  return describeError(error instanceof StoreError && error.cause !== undefined ? error.cause : error)
}
