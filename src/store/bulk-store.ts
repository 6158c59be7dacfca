import type { CancelNotices, FinalState, Sealed, Wire } from './message-store.ts'

/** Which messages a bulk act is about. `since` and `until` are inclusive, in milliseconds since 1970. */
export type BulkFilter = {
  /** Undefined for those of all callers. */
  caller?: string | undefined
  wires: readonly Wire[]
  since?: number | undefined
  /** Undefined for now. */
  until?: number | undefined
}

/** Messages that can be acted on, in the order in which they are. `finishedAt` is null while they are queued. */
export type BulkFound = {
  messages: { id: string; caller: string; finishedAt: number | null }[]
  /** Those beyond `messages`, counted to MAX_COUNTED. */
  left: number
  /** Those that match and whose content is wiped, counted to MAX_COUNTED. */
  wiped: number
  /** The end of the filter's time. */
  until: number
}

/** Matching messages are counted to this number. */
export const MAX_COUNTED = 10_000

/** What acting on a message needs. */
export type BulkContent = {
  id: string
  caller: string
  wire: Wire
  conversation: string
  attempts: number
  body: Sealed | undefined
}

/** `finishedAt`: when it had ended as it was found. A message that has ended again since is left alone. */
export type BulkRetry = Pick<BulkContent, 'id' | 'caller' | 'conversation'> & {
  finishedAt: number | null
  /** The conversation under every known key, the newest first. */
  conversations: readonly string[]
}

export type BulkCancel = Pick<BulkContent, 'id' | 'caller' | 'conversation'> & { notices: CancelNotices | undefined }

/** Retries and cancels many messages. Notices are left alone, and so are synchronous sends, whose caller has its answer. */
export type BulkStore = {
  /** Messages that have ended in one of `states` and have their content; the time of the filter is that of their end. */
  findRetryable: (filter: BulkFilter & { states: readonly FinalState[] }, limit: number) => Promise<BulkFound>
  /** Queued messages; the time of the filter is that of their acceptance. */
  findCancellable: (filter: BulkFilter, limit: number) => Promise<BulkFound>
  readContents: (ids: readonly string[]) => Promise<BulkContent[]>
  /** Queues all of them again in one commit. @returns for each whether it was; `wiped` when its content is gone */
  retryMessages: (retries: readonly BulkRetry[], tryForMs: number) => Promise<('changed' | 'wiped' | 'wrong_state')[]>
  /** Cancels all of them in one commit. @returns for each how it ended; `unknown` when an earlier attempt may have delivered it */
  cancelMessages: (cancels: readonly BulkCancel[]) => Promise<('cancelled' | 'unknown' | 'wrong_state')[]>
}
