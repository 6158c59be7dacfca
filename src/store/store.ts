import type { ClickStore, ConsentMaintenanceStore, ConsentStore, GrantStore } from './consent-store.ts'
import type { MessageStore, OutboxStore, Sealed } from './message-store.ts'

export * from './message-store.ts'

export type DatabaseKind = 'sqlite' | 'postgres'

/** A time that is further in the future than this was written by a clock that was ahead. Smaller steps are normal corrections. */
export const CLOCK_TOLERANCE_MS = 5000
/** How long an idempotency key is valid. */
export const KEEP_KEY_MS = 24 * 60 * 60 * 1000
/** How long a message that ended without delivery can be retried. */
export const KEEP_CONTENT_MS = 24 * 60 * 60 * 1000

/** Something sealed that lies in the store. */
export type SealedRow = { kind: 'body' | 'reply'; id: string; sealed: Sealed }

/** In milliseconds since 1970; null before the first time. */
export type ClockReading = { nowMs: number; heardAtMs: number | null }

/** For maintenance: bounded batches of what time or a new key makes necessary. */
export type MaintenanceStore = {
  /** Wipes content whose time has come; answers how many. */
  wipe: (limit: number) => Promise<number>
  /** Deletes what ended longer ago than this, and expired idempotency keys; answers how many. */
  purge: (retentionMs: number, limit: number) => Promise<number>
  /** Rows sealed under another key than this, without some that could not be opened. */
  findRowsUnderOtherKeys: (
    keyId: string,
    limit: number,
    except?: readonly Pick<SealedRow, 'kind' | 'id'>[],
  ) => Promise<SealedRow[]>
  /** The database's clock, and what it showed when it was last trusted. */
  readClock: () => Promise<ClockReading>
  /** Notes that the clock was trusted at this reading. Nothing expires by a later time than this. */
  confirmClock: (nowMs: number) => Promise<void>
  /** Gives what was written by a clock that was ahead the time that it would have by today's; answers how many rows. */
  correctFutureTimes: () => Promise<number>
  /** Replaces what is still as it was found; answers how many. */
  reseal: (rows: readonly { was: SealedRow; now: Sealed }[]) => Promise<number>
  /** The ids of keys that rows need, to be opened or to be found again, and how many rows. Reads a bounded number of each kind. */
  keysInUse: () => Promise<{ keyId: string; rows: number }[]>
  /** Counts queued and sending messages by caller, and reads the age of the oldest. */
  backlog: () => Promise<{ caller: string; messages: number; oldestMs: number }[]>
}

/** What runs as queries in the database. Every call may reject with a StoreError, which says whether the call may have been done all the same. */
export type StoreMethods = OutboxStore &
  MessageStore &
  MaintenanceStore &
  ClickStore &
  ConsentStore &
  GrantStore &
  ConsentMaintenanceStore & {
    /** Resolves once a row was written: the database answers and can be written to. */
    ping: () => Promise<void>
  }

/** The store, open. */
export type Store = StoreMethods & {
  kind: DatabaseKind
  /** Calls back when another gateway has queued something. */
  onQueued: (wake: () => void) => void
  /** Writes a copy of the whole store to a new file; SQLite only. */
  backup?: (file: string) => Promise<void>
  close: () => Promise<void>
}

/** What the drivers report. */
export type StoreEvents = {
  /** A call failed or timed out in a way that means that the store is failing. */
  onFailed: () => void
  /** The database answered. */
  onServed: () => void
}

/** The store failed: it is away, full, or too slow. */
export class StoreError extends Error {
  /** The answer to a commit was lost, and it may have taken effect. Otherwise nothing was changed, and nothing will be. */
  readonly mayHaveCommitted: boolean

  constructor(what: string, cause: unknown, { mayHaveCommitted = false } = {}) {
    super(what, { cause })
    this.name = 'StoreError'
    this.mayHaveCommitted = mayHaveCommitted
  }
}

type StoreSetupOptions = { isTemporary?: boolean; variable?: StoreSetupError['variable'] }

/** The store cannot be opened; the message is for the operator. */
export class StoreSetupError extends Error {
  /** Whether a later start may succeed without any change, such as when the database is down. */
  readonly isTemporary: boolean
  /** The variable to look at. */
  readonly variable: 'DATABASE_URL' | 'TOKEN_ENCRYPTION_KEY'

  constructor(message: string, cause?: unknown, options: StoreSetupOptions = {}) {
    super(message, { cause })
    this.name = 'StoreSetupError'
    this.isTemporary = options.isTemporary ?? false
    this.variable = options.variable ?? 'DATABASE_URL'
  }
}
