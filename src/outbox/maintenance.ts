import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError, type Logger } from '../observability/log.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { BATCH, Housekeeping, type Batch } from '../store/maintenance.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import type { SealedRow, Store } from '../store/store.ts'
import type { Backlog } from './backlog.ts'
import { rowsUnderOthers, type OutboxMetrics } from './metrics.ts'
import type { Sealer } from './payload.ts'

/** Reads every grant. */
const MEND_EVERY_MS = 10 * 60 * 1000

/** Rows that could not be opened: so many are remembered, for so long. */
const MAX_UNREADABLE = 10_000
const OPEN_AGAIN_MS = 60 * 60 * 1000

export type BackupOptions = { folder: string; everyMs: number; keep: number }

export type MaintenanceOptions = {
  store: Store
  clock: ClockWatch
  sealer: Sealer
  retentionMs: number
  backup: BackupOptions | undefined
  metrics: OutboxMetrics
  backlog: Backlog
  log: Logger
}

/** Keeps the house: wipes and deletes what has had its time, brings rows under the newest key, writes copies. */
export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #house: Housekeeping
  /** When times that a clock ahead has written are looked for next. */
  #mendAt = 0
  /** Rows that could not be opened, and when that is tried again. */
  readonly #unreadable: Pick<SealedRow, 'kind' | 'id'>[] = []
  #openAgainAt = 0

  constructor(options: MaintenanceOptions) {
    this.#options = options
    this.#house = new Housekeeping(options.log)
  }

  start(): void {
    this.#house.start(
      () => this.#tidyUp(),
      () => this.#look(),
    )
  }

  stop(): Promise<void> {
    return this.#house.stop()
  }

  /** Whoever starts us has just counted: a second count beside the first messages could miss these. */
  async #look(): Promise<void> {
    await this.count()
    await this.#tidyUp()
  }

  /** Reads how much is queued, for the metrics and for the limit of each caller. */
  async count(): Promise<void> {
    const { store, metrics, backlog } = this.#options
    await this.#house.tidy('backlog', async () => {
      metrics.queued = await store.backlog()
      backlog.correct(metrics.queued)
      return 0
    })
  }

  async #tidyUp(): Promise<void> {
    const { metrics } = this.#options
    await this.#deleteOld()
    const resealed = await this.#house.tidy('reseal', () => this.#reseal())
    if (resealed > 0 || metrics.rowsUnderOlderKeys !== 0) await this.onResealed(resealed)
    await this.#house.tidy('backup', () => this.#backUp())
  }

  /** Only while the clock is believed: nothing brings back what a wrong one has deleted. */
  async #deleteOld(): Promise<void> {
    const { store, clock, retentionMs } = this.#options
    const mayDelete = await this.#house.tidy('clock', async () => Number(await clock.mayDelete()))
    if (mayDelete === 0) return
    if (performance.now() >= this.#mendAt) {
      this.#mendAt = performance.now() + MEND_EVERY_MS
      await this.#house.tidy('mend times', async () => {
        await store.mendTimes()
        return 0
      })
    }
    await this.#house.tidy('wipe', () => store.wipe(BATCH))
    await this.#house.tidy('purge', () => store.purge(retentionMs, BATCH))
  }

  /** Brings one batch under the newest key. What cannot be opened stays as it is, is logged, and does not hold up the rows behind it. */
  async #reseal(): Promise<Batch> {
    const { store, sealer } = this.#options
    if (performance.now() >= this.#openAgainAt) {
      this.#openAgainAt = performance.now() + OPEN_AGAIN_MS
      this.#unreadable.length = 0
    }
    const before = this.#unreadable.length
    const rows = await store.sealedUnderOthers(sealer.primary, BATCH, this.#unreadable)
    const opened = rows.flatMap((was) => {
      try {
        const text = sealer.open(was.kind, was.id, was.sealed)
        return [{ was, now: sealer.seal(was.kind, was.id, text) }]
      } catch (error) {
        this.#setAside(was, error)
        return []
      }
    })
    const done = opened.length === 0 ? 0 : await store.reseal(opened)
    return { done, isMore: rows.length >= BATCH && (done > 0 || this.#unreadable.length > before) }
  }

  #setAside({ kind, id }: SealedRow, error: unknown): void {
    const { log } = this.#options
    log.error({ event: 'store.sealed_row_unreadable', message_id: id, ...describeError(error) })
    if (this.#unreadable.length < MAX_UNREADABLE) this.#unreadable.push({ kind, id })
  }

  /** Counts what is left under other keys, after so many rows were brought under the newest, here or elsewhere. */
  async onResealed(rows: number): Promise<void> {
    const { store, sealer, metrics, log } = this.#options
    await this.#house.tidy('reseal', async () => {
      metrics.rowsUnderOlderKeys = rowsUnderOthers(await store.keysInUse(), sealer.primary)
      if (rows > 0) log.info({ event: 'store.resealed', rows, left: metrics.rowsUnderOlderKeys })
      return 0
    })
  }

  async #backUp(): Promise<number> {
    const { store, backup, log } = this.#options
    if (backup === undefined || store.backup === undefined) return 0
    const names = await readdir(backup.folder)
    const copies = names.filter((name) => COPY.test(name)).sort()
    // A copy that a clock which was ahead has named must not keep back the next ones.
    const last = copies.map(timeOf).findLast((time) => time <= Date.now())
    if (last !== undefined && Date.now() - last < backup.everyMs) return 0
    for (const half of names.filter((name) => HALF_A_COPY.test(name))) await rm(join(backup.folder, half))
    const file = join(backup.folder, nameOf(new Date()))
    try {
      await store.backup(`${file}.part`)
      await rename(`${file}.part`, file)
    } catch (error) {
      await rm(`${file}.part`, { force: true })
      log.error({ event: 'store.not_backed_up', ...describeStoreError(error) })
      return 0
    }
    for (const old of copies.slice(0, Math.max(copies.length + 1 - backup.keep, 0))) await rm(join(backup.folder, old))
    log.info({ event: 'store.backed_up' })
    return 0
  }
}

const HALF_A_COPY = /^gateway-\d{8}T\d{6}Z\.db\.part/
const COPY = /^gateway-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/

function nameOf(time: Date): string {
  return `gateway-${time.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.db`
}

function timeOf(name: string): number {
  const [, year, month, day, hours, minutes, seconds] = COPY.exec(name) ?? []
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`) || 0
}
