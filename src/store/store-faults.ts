import type { ErrorRequestHandler } from 'express'
import { Fault } from '../base/fault.ts'
import { SealError } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { StoreError, StoreSetupError } from './store.ts'

const STORE_RETRY_S = 5

/** Maps store errors to public faults; the database's own message is only logged. */
export const storeFaults: ErrorRequestHandler = (error: unknown, _request, _response, next) => {
  if (error instanceof SealError) {
    next(
      new Fault(
        'stored_unreadable',
        'The stored content was altered, or its key is not in TOKEN_ENCRYPTION_KEY. Put the key back.',
        { internal: error.message },
      ),
    )
    return
  }
  if (!(error instanceof StoreError)) {
    next(error)
    return
  }
  next(
    new Fault('store_unavailable', 'The store of this gateway is away or full; nothing was accepted. Repeat later.', {
      retryAfter: STORE_RETRY_S,
      internal: error.message,
      cause: error.cause,
    }),
  )
}

/**
 * For commits that the caller relies on: queueing, retrying and cancelling a message. When the reply to the commit was lost, the outcome is
 * unknown.
 */
export async function orOutcomeUnknown<Result>(commit: Promise<Result>): Promise<Result> {
  try {
    return await commit
  } catch (error) {
    if (!(error instanceof StoreError) || !error.mayHaveCommitted) throw error
    throw new Fault(
      'store_outcome_unknown',
      'The store did not say whether this took effect. Look at GET /messages, or repeat with the same Idempotency-Key.',
      { internal: error.message, cause: error.cause },
    )
  }
}

/** SQLSTATE classes 22 (data) and 23 (constraints), and what SQLite has for the same. */
const REFUSAL_CODE = /^(?:2[23][0-9A-Z]{3}|SQLITE_(?:CONSTRAINT|MISMATCH|RANGE|TOOBIG).*)$/

/** Whether the database refused the data of this call. Unlike during an outage, a repeat would be refused again. */
export function isRefusedForGood(error: unknown): boolean {
  return error instanceof StoreError && REFUSAL_CODE.test(describeStoreError(error).error_code ?? '')
}

/** The log fields of a store error: the kind and the code, such as the SQLSTATE, of the underlying error. */
export function describeStoreError(error: unknown) {
  const isOurs = error instanceof StoreError || error instanceof StoreSetupError
  return describeError(isOurs ? (error.cause ?? error) : error)
}

/**
 * Undefined, and a line in the log, when a row was altered, its key is not configured, or a newer version has sealed it.
 * @param row its id, under the name that the log has for it
 */
export function openOrLog<Opened>(open: () => Opened, row: Record<string, string>, log: Logger): Opened | undefined {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    log.error({ event: 'store.sealed_row_unreadable', ...row, ...describeError(error) })
    return undefined
  }
}
