import type { StoredGrant } from './consent-store.ts'
import type { CancelNotices, Sealed, Wire } from './message-store.ts'

/**
 * Sets of messages that still have their content: `timed` are queued for a later time, and may become `open` while these are read; `open` wait in their conversation's order or are being sent, `sending` are being sent outside
 * of it, `ended` can still be retried.
 */
export const CONTENT_SETS = ['timed', 'open', 'sending', 'ended'] as const
export type ContentSet = (typeof CONTENT_SETS)[number]

export type StoredContent = {
  id: string
  caller: string
  wire: Wire
  conversation: string
  requestId: string
  attempts: number
  body: Sealed
  /** Where the set is read on. */
  position: { conversation: string; dueAt: number | null; wipeAt: number | null; seq: number }
}

/** A message to erase, with the status webhooks for the states in which it may end. */
export type Erasure = { id: string; caller: string; conversation: string; notices?: CancelNotices | undefined }

/** `ended`: it was queued. `wiped`: it had ended before. `sending`: nothing was changed. `gone`: it has no content any more. */
export type Erased = { id: string; result: 'ended' | 'wiped' | 'sending' | 'gone' }

/** For the erasure of a person. Each call does one bounded batch. */
export type ErasureStore = {
  /**
   * Ends grants of these names, also expired ones, in the order of their `seq`: nothing finds or refreshes them any more. Returns them, and those
   * that an earlier call has ended, until they are deleted.
   */
  endGrants: (
    macs: readonly string[],
    afterSeq: number,
    limit: number,
  ) => Promise<(StoredGrant & { isEndedNow: boolean })[]>
  deleteEndedGrants: (ids: readonly string[]) => Promise<void>
  /** Unfinished authorization flows in the order of their ids. */
  findConsents: (afterId: string, limit: number) => Promise<{ id: string; content: Sealed }[]>
  /** @returns how many there were */
  deleteConsents: (ids: readonly string[]) => Promise<number>
  /** Messages to Divar and events with content, in a fixed order. */
  findContents: (
    set: ContentSet,
    after: StoredContent['position'] | undefined,
    limit: number,
  ) => Promise<StoredContent[]>
  /** In one commit, ends queued messages as `cancel` does, and wipes those that have ended. */
  eraseMessages: (erasures: readonly Erasure[]) => Promise<Erased[]>
}
