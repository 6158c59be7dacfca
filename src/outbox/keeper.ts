import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError, type Logger } from '../base/log.ts'
import type { Store } from '../store/store.ts'
import { describeStoreError } from './attempts.ts'
import type { Envelopes } from './owed.ts'

const BATCH = 200
/** Between two looks. */
const LOOK_EVERY_MS = 30_000
/** At one look: what is more comes at the next, so that keeping house leaves room for work. */
const MAX_BATCHES = 50

export type BackupOptions = { folder: string; everyMs: number; keep: number }

export type KeeperOptions = {
  store: Store
  envelopes: Envelopes
  retentionMs: number
  backup: BackupOptions | undefined
  /** Told how much is queued, by caller. */
  onBacklog: (backlog: { caller: string; messages: number }[]) => void
  log: Logger
}

/** Keeps the house: wipes and deletes what has had its time, brings rows under the newest key, writes copies. */
export class Keeper {
  readonly #options: KeeperOptions
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  start(): void {
    this.#working = this.#look().finally(() => {
      if (!this.#stopped) {
        this.#timer = setTimeout(() => {
          this.start()
        }, LOOK_EVERY_MS)
      }
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#working
  }

  async #look(): Promise<void> {
    const { store, retentionMs, onBacklog } = this.#options
    await this.#tidy('backlog', async () => {
      onBacklog(await store.backlog())
      return 0
    })
    await this.#tidy('wipe', () => store.wipe(BATCH))
    await this.#tidy('purge', () => store.purge(retentionMs, BATCH))
    await this.#tidy('reseal', () => this.#reseal())
    await this.#tidy('backup', () => this.#backUp())
  }

  /** Repeats while there is more, within its bound. */
  async #tidy(what: string, work: () => Promise<number>): Promise<void> {
    try {
      for (let batches = 0; batches < MAX_BATCHES && !this.#stopped; batches += 1) {
        if ((await work()) < BATCH) return
      }
    } catch (error) {
      this.#options.log.error({ event: 'store.failed', what, ...describeStoreError(error) })
    }
  }

  /** Brings one batch under the newest key. What cannot be opened stays as it is, is told, and does not hold up the rest. */
  async #reseal(): Promise<number> {
    const { store, envelopes, log } = this.#options
    const rows = await store.sealedUnderOthers(envelopes.primary, BATCH)
    if (rows.length === 0) return 0
    const opened = rows.flatMap((was) => {
      try {
        const text = envelopes.open(was.kind, was.id, was.sealed)
        return [{ was, now: envelopes.seal(was.kind, was.id, text) }]
      } catch (error) {
        log.error({ event: 'store.sealed_row_unreadable', message_id: was.id, ...describeError(error) })
        return []
      }
    })
    const replaced = await store.reseal(opened)
    const left = (await store.keysInUse()).filter(({ keyId }) => keyId !== envelopes.primary)
    log.info({ event: 'store.resealed', rows: replaced, left: left.reduce((sum, one) => sum + one.rows, 0) })
    return opened.length === 0 ? 0 : rows.length
  }

  async #backUp(): Promise<number> {
    const { store, backup, log } = this.#options
    if (backup === undefined || store.backup === undefined) return 0
    const copies = (await readdir(backup.folder)).filter((name) => COPY.test(name)).sort()
    if (Date.now() - timeOf(copies.at(-1)) < backup.everyMs) return 0
    const file = join(backup.folder, nameOf(new Date()))
    try {
      await store.backup(`${file}.part`)
      await rename(`${file}.part`, file)
    } catch (error) {
      await rm(`${file}.part`, { force: true })
      log.error({ event: 'store.not_backed_up', ...describeError(error) })
      return 0
    }
    for (const old of copies.slice(0, Math.max(copies.length + 1 - backup.keep, 0))) await rm(join(backup.folder, old))
    log.info({ event: 'store.backed_up' })
    return 0
  }
}

const COPY = /^gateway-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/

function nameOf(time: Date): string {
  return `gateway-${time.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.db`
}

function timeOf(name = ''): number {
  const [, year, month, day, hours, minutes, seconds] = COPY.exec(name) ?? []
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`) || 0
}
