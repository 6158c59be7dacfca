import { startDeadline } from '../base/timeout.ts'
import { CALL_TIMEOUT_MS } from './calls.ts'
import { StoreError } from './store.ts'

type BatchOptions = {
  maxItems: number
  /** Batches running at once. */
  maxRunning: number
  /** Further items are rejected at once. */
  maxWaiting: number
}

/** Two batches at once make better use of a connection pool, and do not slow a single connection down. */
export const GROUP_COMMIT: BatchOptions = { maxItems: 100, maxRunning: 2, maxWaiting: 2000 }

type Waiting<Item, Result> = {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
  /** Cancels the timeout of waiting. */
  stopDeadline?: () => void
}

/**
 * Group commit: items that arrive during a commit share the next one. `run` returns one result for each item, in order; its failure rejects
 * all items of the batch.
 */
export function batched<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  { maxItems, maxRunning, maxWaiting }: BatchOptions,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let running = 0

  const next = () => {
    if (running === maxRunning || waiting.length === 0) return
    const batch = waiting.splice(0, maxItems)
    running += 1
    for (const { stopDeadline } of batch) stopDeadline?.()
    run(batch.map(({ item }) => item))
      .then(
        (results) => {
          batch.forEach(({ resolve, reject }, index) => {
            const result = results[index]
            if (result === undefined) reject(new StoreError('the store left out a result', undefined))
            else resolve(result)
          })
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error)
        },
      )
      .finally(() => {
        running -= 1
        next()
      })
  }

  return (item) => {
    if (waiting.length >= maxWaiting)
      return Promise.reject(new StoreError('too many calls wait for the store', undefined))
    return new Promise((resolve, reject) => {
      const one: Waiting<Item, Result> = { item, resolve, reject }
      waiting.push(one)
      next()
      if (waiting.at(-1) !== one) return
      one.stopDeadline = startDeadline(CALL_TIMEOUT_MS, () => {
        waiting.splice(waiting.indexOf(one), 1)
        reject(new StoreError('the store did not answer in time', undefined))
      })
    })
  }
}
