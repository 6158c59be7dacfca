import { describeError } from '../observability/log.ts'
import { StoreError, StoreSetupError } from './store.ts'

/** What may be logged of a failing store: the kind and the code (such as the SQLSTATE) of what lies behind it. */
export function describeStoreError(error: unknown): Record<string, unknown> {
  const isOurs = error instanceof StoreError || error instanceof StoreSetupError
  return describeError(isOurs ? (error.cause ?? error) : error)
}
