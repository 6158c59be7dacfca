import type { Sealed } from './sealed.ts'

/** Something sealed that lies in the store. */
export type SealedRow = { kind: 'body' | 'reply'; id: string; sealed: Sealed }

/** For the housekeeping: bounded batches of what time or a new key makes necessary. */
export type KeepingStore = {
  /** Wipes content whose time has come; answers how many. */
  wipe: (limit: number) => Promise<number>
  /** Deletes what ended longer ago than this, and expired idempotency keys; answers how many. */
  purge: (retentionMs: number, limit: number) => Promise<number>
  /** Rows sealed under another key than this. */
  sealedUnderOthers: (keyId: string, limit: number) => Promise<SealedRow[]>
  /** Replaces what is still as it was found; answers how many. */
  reseal: (rows: readonly { was: SealedRow; now: Sealed }[]) => Promise<number>
  /** The ids of keys that rows need, to be opened or to be found again, and how many rows. Reads a bounded number of each kind. */
  keysInUse: () => Promise<{ keyId: string; rows: number }[]>
  /** Messages that stand in line or are being sent, by caller, and how old the oldest is. */
  backlog: () => Promise<{ caller: string; messages: number; oldestMs: number }[]>
}
