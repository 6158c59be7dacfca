import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describeError, type Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { BATCH, MaintenanceLoop, type Batch } from '../store/maintenance.ts'
import type { SealedRow, Store } from '../store/store.ts'
import type { Backlog } from './enqueue.ts'
import type { Sealer } from './payload.ts'

/** Rarely, since it reads every grant. */
const FIX_TIMES_EVERY_MS = 10 * 60 * 1000

/** Notes of the timeline; the oldest beyond them are deleted. */
const MAX_NOTES = 1_000_000

/** How many rows that could not be opened are skipped, and for how long. */
const MAX_UNREADABLE = 10_000
const OPEN_AGAIN_MS = 60 * 60 * 1000

export type BackupOptions = { folder: string; everyMs: number; keep: number }

/** Gauges of the store by the last count; undefined while it is away. */
export type StoreReadings = {
  queued: Awaited<ReturnType<Store['backlog']>> | undefined
  rowsUnderOlderKeys: number | undefined
  /** The bytes of the store. */
  bytes: number | undefined
  /** When the last backup was complete, in milliseconds since 1970; undefined without backups, or while their folder cannot be read. */
  lastBackupAt: number | undefined
}

type MaintenanceOptions = {
  store: Store
  clock: ClockWatch
  sealer: Sealer
  retentionMs: number
  timelineMs: number
  backup: BackupOptions | undefined
  metrics: StoreReadings
  backlog: Pick<Backlog, 'correct'>
  log: Logger
}

/** Wipes and deletes old rows, re-seals rows with the newest key, and writes backups. */
export function createMaintenance(options: MaintenanceOptions) {
  const { store, clock, sealer, retentionMs, timelineMs, backup, metrics, backlog, log } = options
  const loop = new MaintenanceLoop(log)
  /** When to look next for times that a clock ahead has written. */
  let fixTimesAt = 0
  /** Rows that could not be opened, which are skipped until `openAgainAt`. */
  let unreadable: Pick<SealedRow, 'kind' | 'id'>[] = []
  let openAgainAt = 0

  /** Counts queued messages, for the metrics and each caller's limit. */
  const count = () =>
    loop.runTask('backlog', async () => {
      metrics.queued = await store.backlog()
      backlog.correct(metrics.queued)
      metrics.bytes = await store.readSize()
    })

  /** Counts rows still under older keys, after `rows` were re-sealed here or elsewhere. */
  const onResealed = (rows: number) =>
    loop.runTask('reseal', async () => {
      metrics.rowsUnderOlderKeys = rowsUnderOthers(await store.keysInUse(), sealer.primary)
      if (rows > 0) log.info({ event: 'store.resealed', rows, left: metrics.rowsUnderOlderKeys })
    })

  const runTasks = async () => {
    await deleteOld()
    const resealed = await loop.runBatches('reseal', reseal)
    if (resealed > 0 || metrics.rowsUnderOlderKeys !== 0) await onResealed(resealed)
    await loop.runTask('backup', backUp)
  }

  /** Only while the clock is trusted: what a wrong clock deletes is lost. */
  const deleteOld = async () => {
    const mayDelete = await loop.runBatches('clock', async () => Number(await clock.mayDelete()))
    if (mayDelete === 0) return
    if (performance.now() >= fixTimesAt) {
      fixTimesAt = performance.now() + FIX_TIMES_EVERY_MS
      await loop.runTask('mend times', async () => {
        await store.correctFutureTimes()
      })
    }
    await loop.runBatches('wipe', () => store.wipe(BATCH))
    await loop.runBatches('purge', () => store.purge(retentionMs, BATCH))
    await loop.runBatches('timeline', () => store.deleteNotes(timelineMs, MAX_NOTES, BATCH))
  }

  /** Re-seals a batch with the newest key. A row that cannot be opened is logged and skipped. */
  const reseal = async (): Promise<Batch> => {
    if (performance.now() >= openAgainAt) {
      openAgainAt = performance.now() + OPEN_AGAIN_MS
      unreadable = []
    }
    const before = unreadable.length
    const rows = await store.findRowsUnderOtherKeys(sealer.primary, BATCH, unreadable)
    const opened = rows.flatMap((was) => {
      try {
        const text = sealer.open(was.kind, was.id, was.sealed)
        return [{ was, now: sealer.seal(was.kind, was.id, text) }]
      } catch (error) {
        log.error({ event: 'store.sealed_row_unreadable', message_id: was.id, ...describeError(error) })
        if (unreadable.length < MAX_UNREADABLE) unreadable.push({ kind: was.kind, id: was.id })
        return []
      }
    })
    const done = opened.length === 0 ? 0 : await store.reseal(opened)
    return { done, isMore: rows.length >= BATCH && (done > 0 || unreadable.length > before) }
  }

  const backUp = async () => {
    if (backup === undefined || store.backup === undefined) return
    const names = await readdir(backup.folder).catch((error: unknown) => {
      metrics.lastBackupAt = undefined
      throw error
    })
    const copies = names.filter((name) => BACKUP.test(name)).sort()
    // A backup named by a clock that was ahead must not delay the next ones.
    const last = copies.map(timeOf).findLast((time) => time <= Date.now())
    metrics.lastBackupAt = last
    if (last !== undefined && Date.now() - last < backup.everyMs) return
    for (const half of names.filter((name) => PARTIAL_BACKUP.test(name))) await rm(join(backup.folder, half))
    const file = join(backup.folder, `gateway-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}.db`)
    try {
      await store.backup(`${file}.part`)
      await rename(`${file}.part`, file)
    } catch (error) {
      await rm(`${file}.part`, { force: true })
      log.error({ event: 'store.not_backed_up', ...describeStoreError(error) })
      return
    }
    for (const old of copies.slice(0, Math.max(copies.length + 1 - backup.keep, 0))) await rm(join(backup.folder, old))
    metrics.lastBackupAt = timeOf(basename(file))
    log.info({ event: 'store.backed_up' })
  }

  return {
    /** The first round does not count: the outbox has just counted, and a second count beside the first messages could miss these. */
    start: (): void => {
      loop.start(runTasks, async () => {
        await count()
        await runTasks()
      })
    },
    stop: () => loop.stop(),
    count,
    onResealed,
  }
}

const PARTIAL_BACKUP = /^gateway-\d{8}T\d{6}Z\.db\.part/
const BACKUP = /^gateway-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/

function timeOf(name: string): number {
  const [, year, month, day, hours, minutes, seconds] = BACKUP.exec(name) ?? []
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`) || 0
}

export function rowsUnderOthers(inUse: readonly { keyId: string; rows: number }[], keyId: string): number {
  return inUse.reduce((sum, used) => (used.keyId === keyId ? sum : sum + used.rows), 0)
}
