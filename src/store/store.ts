import type { AttentionStore } from './attention-store.ts'
import type { BulkStore } from './bulk-store.ts'
import type { ClickStore, ConsentMaintenanceStore, ConsentStore, GrantStore } from './consent-store.ts'
import type { ErasureStore } from './erasure-store.ts'
import type { MessageStore, OutboxStore, Sealed } from './message-store.ts'
import type { PacingStore } from './pacing-store.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import type { TimedStore } from './timed-store.ts'
import type { TimelineStore } from './timeline-store.ts'

export * from './message-store.ts'
export type { ClaimOptions, SendLimits } from './pacing-store.ts'

export type DatabaseKind = 'sqlite' | 'postgres'

/** A time further in the future than this was written by a clock that was ahead. Smaller differences are normal clock corrections. */
export const CLOCK_TOLERANCE_MS = 5000
/** How long an idempotency key is valid. */
export const KEEP_KEY_MS = 24 * 60 * 60 * 1000
/** How long a message that ended without delivery can be retried. */
export const KEEP_CONTENT_MS = 24 * 60 * 60 * 1000

/** A stored body or reply, with the id of its message. */
export type SealedRow = { kind: 'body' | 'reply' | 'answer'; id: string; sealed: Sealed }

/** Milliseconds since 1970. `lastTrustedMs`: the reading when the clock was last trusted; null if it never was. */
export type ClockReading = { nowMs: number; lastTrustedMs: number | null }

/** For maintenance. Calls with a `limit` do one bounded batch. */
export type MaintenanceStore = {
  /** Wipes content that is due to be wiped. @returns how many rows */
  wipe: (limit: number) => Promise<number>
  /** Deletes messages that ended longer ago than `retentionMs`, and expired idempotency keys. @returns how many rows */
  purge: (retentionMs: number, limit: number) => Promise<number>
  /** Rows sealed under any other key. @param except rows to leave out, since they could not be opened */
  findRowsUnderOtherKeys: (
    keyId: string,
    limit: number,
    except?: readonly Pick<SealedRow, 'kind' | 'id'>[],
  ) => Promise<SealedRow[]>
  /** Reads the database's clock. */
  readClock: () => Promise<ClockReading>
  /** Records that the clock was trusted at this reading. Rows expire by this reading, not by a later one that is not trusted yet. */
  confirmClock: (nowMs: number) => Promise<void>
  /** Corrects times that were written by a clock that was ahead. @returns how many rows */
  correctFutureTimes: () => Promise<number>
  /** Replaces rows that are unchanged since they were found. @returns how many */
  reseal: (rows: readonly { was: SealedRow; now: Sealed }[]) => Promise<number>
  /** Ids of the keys that rows are sealed or named with, and how many rows need each. Reads a bounded number of rows of each kind. */
  keysInUse: () => Promise<{ keyId: string; rows: number }[]>
  /** Counts queued and sending messages of each caller and the bytes of their content, and reads the age of the oldest. */
  backlog: () => Promise<{ caller: string; messages: number; bytes: number; oldestMs: number }[]>
}

/** The methods that run as queries in the database. A call rejects with a StoreError, which says whether it may have been committed. */
export type StoreMethods = OutboxStore &
  TimedStore &
  PacingStore &
  MessageStore &
  BulkStore &
  AttentionStore &
  MaintenanceStore &
  ClickStore &
  ConsentStore &
  GrantStore &
  ConsentMaintenanceStore &
  ErasureStore &
  SubscriptionStore &
  TimelineStore & {
    /** Resolves once a row was written: the database answers and can be written to. */
    ping: () => Promise<void>
  }

/** An open store. */
export type Store = StoreMethods & {
  kind: DatabaseKind
  /** Sets a callback for when another gateway has queued a message. */
  onQueued: (wake: () => void) => void
  /** Copies the whole store to a new file; SQLite only. */
  backup?: (file: string) => Promise<void>
  close: () => Promise<void>
}

/** Events that the drivers report. */
export type StoreEvents = {
  /** A call failed or timed out, which means that the store is failing. */
  onFailed: () => void
  /** The database answered. */
  onServed: () => void
}

/** The store is away, full, or too slow. */
export class StoreError extends Error {
  /** The answer to a commit was lost, so it may have taken effect. If false, nothing was changed, and nothing will be. */
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
