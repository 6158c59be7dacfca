import { setInterval } from 'node:timers'
import type { Store } from '../../src/store/store.ts'

/** What maintenance did: rows in all, and the milliseconds of each batch. */
type Work = { rows: number; ms: number[] }
export type CountedWork = { store: Store; wipe: Work; purge: Work }

/** Counts what is wiped and deleted through the store. */
export function countWork(store: Store): CountedWork {
  const wipe: Work = { rows: 0, ms: [] }
  const purge: Work = { rows: 0, ms: [] }
  const counted = async (work: Work, run: () => Promise<number>): Promise<number> => {
    const begun = performance.now()
    const rows = await run()
    work.rows += rows
    work.ms.push(performance.now() - begun)
    return rows
  }
  return {
    wipe,
    purge,
    store: {
      ...store,
      wipe: (limit) => counted(wipe, () => store.wipe(limit)),
      purge: (retentionMs, limit) => counted(purge, () => store.purge(retentionMs, limit)),
    },
  }
}

type Ending = { work: CountedWork; endsFrom: number; perSecond: number; rows: number; everyMs: number }

/** Compares what was done with what had ended by then: rows to wipe, and as many messages and keys to delete. */
export function watchLateness({ work, endsFrom, perSecond, rows, everyMs }: Ending) {
  let most = 0
  const ended = () => Math.min(((Date.now() - endsFrom) * perSecond) / 1000, rows)
  const behind = () => Math.max(ended() - work.wipe.rows, ended() - work.purge.rows / 2)
  const timer = setInterval(() => {
    most = Math.max(most, behind())
  }, everyMs)
  return {
    /** How late the latest row was, in milliseconds. */
    mostMs: () => (most / perSecond) * 1000,
    isDone: () => work.wipe.rows >= rows && work.purge.rows >= 2 * rows,
    stop: () => {
      clearInterval(timer)
    },
  }
}
