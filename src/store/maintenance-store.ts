import type { Sealed } from './sealed.ts'

/** Something sealed that lies in the store. */
export type SealedRow = { kind: 'body' | 'reply'; id: string; sealed: Sealed }

/** In milliseconds since 1970; null before the first time. */
export type ClockReading = { nowMs: number; heardAtMs: number | null }

/** For the housekeeping: bounded batches of what time or a new key makes necessary. */
export type KeepingStore = {
  /** Wipes content whose time has come; answers how many. */
  wipe: (limit: number) => Promise<number>
  /** Deletes what ended longer ago than this, and expired idempotency keys; answers how many. */
  purge: (retentionMs: number, limit: number) => Promise<number>
  /** Rows sealed under another key than this, without some that could not be opened. */
  sealedUnderOthers: (
    keyId: string,
    limit: number,
    except?: readonly Pick<SealedRow, 'kind' | 'id'>[],
  ) => Promise<SealedRow[]>
  /** The database's clock, and when it was last believed. */
  readClock: () => Promise<ClockReading>
  /** Notes that the clock is believed now. */
  confirmClock: () => Promise<void>
  /** Gives what was written by a clock that was ahead the time that it would have by today's; answers how many rows. */
  mendTimes: () => Promise<number>
  /** Replaces what is still as it was found; answers how many. */
  reseal: (rows: readonly { was: SealedRow; now: Sealed }[]) => Promise<number>
  /** The ids of keys that rows need, to be opened or to be found again, and how many rows. Reads a bounded number of each kind. */
  keysInUse: () => Promise<{ keyId: string; rows: number }[]>
  /** Messages that stand in line or are being sent, by caller, and how old the oldest is. */
  backlog: () => Promise<{ caller: string; messages: number; oldestMs: number }[]>
}
