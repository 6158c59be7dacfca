import type { BulkContent, BulkFilter, BulkFound, BulkStore } from '../store/bulk-store.ts'
import { StoreError, type FinalState } from '../store/store.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { Logger } from '../observability/log.ts'
import { cancelNotices } from './cancel.ts'
import type { Backlog } from './enqueue.ts'
import type { OpenRows } from './open-rows.ts'
import type { CreateNotice, NoteNotice } from './webhooks.ts'
import type { Workers } from './worker.ts'

/** Messages of one commit. */
const BATCH = 100
/** After this, no further commit begins; the rest is for the next call. */
const MAX_MS = 10_000

/** What a bulk act did. `left`: messages that match and that the next call can act on. */
export type BulkDone = {
  matched: number
  changed: number
  skipped: { wiped: number; wrong_state: number }
  left: number
  /** Milliseconds since 1970. */
  until: number
}

type BulkOptions = {
  store: BulkStore
  createNotice: CreateNotice | undefined
  noteNotice: NoteNotice | undefined
  conversationNames: OpenRows['conversationNames']
  backlog: Pick<Backlog, 'add' | 'remove'>
  workers: Pick<Workers, 'wake'>
  tryForMs: number
  log: Logger
}

type Result = 'changed' | 'wiped' | 'wrong_state'

/** Retries and cancels many messages, in order of acceptance. */
export function createBulkActs(options: BulkOptions) {
  const { store, createNotice, noteNotice, conversationNames, backlog, workers, tryForMs, log } = options

  const retryBatch = async (batch: BulkFound['messages']): Promise<Result[]> => {
    const endOf = new Map(batch.map(({ id, finishedAt }) => [id, finishedAt]))
    const retries = (await contentsOf(batch)).map((content) => ({
      ...content,
      finishedAt: endOf.get(content.id) ?? null,
      conversations: conversationNames(content.id, content.body),
    }))
    const results = await store.retryMessages(retries, tryForMs)
    retries.forEach((retried, index) => {
      if (results[index] === 'changed') backlog.add(retried)
    })
    return results
  }

  const cancelBatch = async (batch: BulkFound['messages'], requestId: string): Promise<Result[]> => {
    const contents = await contentsOf(batch)
    const cancels = contents.map((content) => ({
      ...content,
      notices: cancelNotices(createNotice, { ...content, requestId }),
    }))
    const ends = await store.cancelMessages(cancels)
    return ends.map((state, index) => {
      const cancel = cancels[index]
      if (state === 'wrong_state' || cancel === undefined) return 'wrong_state'
      const { caller, conversation, notices } = cancel
      backlog.remove({ caller, body: undefined })
      if (notices !== undefined) noteNotice?.(conversation, notices[state].id, state)
      return 'changed'
    })
  }

  /** In the order of the batch. */
  const contentsOf = async (batch: BulkFound['messages']): Promise<BulkContent[]> => {
    const contents = await store.readContents(batch.map(({ id }) => id))
    const found = new Map(contents.map((content) => [content.id, content]))
    return batch.flatMap(({ id }) => found.get(id) ?? [])
  }

  const inBatches = async (
    { messages, left, wiped, until }: BulkFound,
    act: (batch: BulkFound['messages']) => Promise<Result[]>,
  ): Promise<BulkDone> => {
    const endsAt = performance.now() + MAX_MS
    const counts = { changed: 0, wiped, wrong_state: 0 }
    let done = 0
    while (done < messages.length && (done === 0 || performance.now() < endsAt)) {
      const batch = messages.slice(done, done + BATCH)
      try {
        const results = await act(batch)
        for (const result of results) counts[result] += 1
        // Deleted since they were found.
        counts.wrong_state += batch.length - results.length
      } catch (error) {
        // The answer counts what was committed before; the rest is left.
        if (done === 0 || !(error instanceof StoreError)) throw error
        log.warn({ event: 'store.failed', what: 'bulk act', ...describeStoreError(error) })
        break
      }
      done += batch.length
      workers.wake()
    }
    const { changed, ...skipped } = counts
    const stillLeft = left + messages.length - done
    return {
      matched: changed + skipped.wiped + skipped.wrong_state + stillLeft,
      changed,
      skipped,
      left: stillLeft,
      until,
    }
  }

  return {
    /** What `retryMany` would find, without changing anything. */
    countRetryable: async (filter: BulkFilter & { states: readonly FinalState[] }): Promise<BulkDone> =>
      countsOf(await store.findRetryable(filter, 1)),

    /** What `cancelMany` would find, without changing anything. */
    countCancellable: async (filter: BulkFilter): Promise<BulkDone> => countsOf(await store.findCancellable(filter, 1)),

    retryMany: async (filter: BulkFilter & { states: readonly FinalState[] }, limit: number): Promise<BulkDone> =>
      inBatches(await store.findRetryable(filter, limit), retryBatch),

    /** @param requestId for the notices of the messages that end */
    cancelMany: async (filter: BulkFilter, limit: number, requestId: string): Promise<BulkDone> =>
      inBatches(await store.findCancellable(filter, limit), (batch) => cancelBatch(batch, requestId)),
  }
}

function countsOf({ messages, left, wiped, until }: BulkFound): BulkDone {
  const all = messages.length + left
  return { matched: all + wiped, changed: 0, skipped: { wiped, wrong_state: 0 }, left: all, until }
}
