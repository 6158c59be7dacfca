import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createKeyring } from '../src/base/keyring.ts'
import { createLogger } from '../src/observability/log.ts'
import { createMaintenance } from '../src/outbox/maintenance.ts'
import { createSealer } from '../src/outbox/payload.ts'
import { batched, GROUP_COMMIT } from '../src/store/batch.ts'
import { ClockWatch } from '../src/store/clock-watch.ts'
import type { Accepted, NewMessage, Store } from '../src/store/store.ts'
import { ownDatabases, type Database } from './support/databases.ts'
import { count, highest, median, milliseconds, percent, quantile, seconds } from './support/figures.ts'
import { countWork, watchLateness } from './support/ending-rows.ts'
import { fill } from './support/fill.ts'
import { BODY_BYTES, newMessage, openOwnStore } from './support/opened-store.ts'
import { watchProcessors } from './support/processors.ts'
import { runSuite, type Suite } from './support/suite.ts'

/**
 * Whether rows are wiped and deleted as fast as they come. Rows are written directly, so that from one moment on, in each second 1,000
 * messages reach the end of their retention, the content of 1,000 others has to be wiped, and 1,000 idempotency keys expire.
 */

const PER_SECOND = 1000
const DAY_MS = 86_400_000
const RETENTION_MS = 7 * DAY_MS
const SIZE = {
  /** `beside`: rows that stay. `leadMs`: until the first row ends; in a full run, all are written by then. */
  short: { beside: 2000, leadMs: 0, aloneMs: 300, runMs: 1000 },
  full: { beside: 1_000_000, leadMs: 90_000, aloneMs: 10_000, runMs: 90_000 },
}
/** A gateway looks every 30 s, and has to be done before it looks again. */
const LATE_AT_MOST_MS = 60_000
const ACCEPTS_PER_SECOND = 100
const LOOK_EVERY_MS = 100
const DONE_WITHIN_MS = 60_000

await runSuite('retention', { shortS: 180, fullS: 2400 }, async (suite) => {
  for (const database of await ownDatabases(suite)) await prove(suite, database)
})

async function prove(suite: Suite, database: Database): Promise<void> {
  const { report, short } = suite
  const { beside, leadMs, aloneMs, runMs } = short ? SIZE.short : SIZE.full
  const keyring = createKeyring([randomBytes(32)])
  const rows = (runMs / 1000) * PER_SECOND
  await (await openOwnStore(suite, database)).close()
  suite.step(`${database.title}: filling in ${count(beside)} messages that stay`)
  const now = Date.now()
  const common = { keyId: keyring.primary }
  await fill(database, { ...common, rows: beside, newestAt: now, spacingMs: (0.9 * RETENTION_MS) / beside })
  suite.step(`${database.title}: filling in ${count(2 * rows)} messages that end`)
  const endsFrom = Date.now() + leadMs
  const ending = { ...common, rows, spacingMs: 1000 / PER_SECOND, keepIndexes: true }
  await fill(database, { ...ending, newestAt: endsFrom + runMs - RETENTION_MS })
  await fill(database, {
    ...ending,
    newestAt: endsFrom + runMs - DAY_MS,
    now: endsFrom,
    rejectedEvery: 1,
    keyedEvery: 1,
  })
  if (!short && Date.now() > endsFrom) throw new Error('this machine wrote the rows too slowly')

  const work = countWork(await openOwnStore(suite, database))
  const accepts = startAccepts(work.store, keyring.primary)
  suite.step(`${database.title}: accepting alone`)
  await setTimeout(Math.max(endsFrom - aloneMs - Date.now(), 0))
  accepts.takeTimes()
  await setTimeout(aloneMs)
  const alone = accepts.takeTimes()

  suite.step(`${database.title}: deleting`)
  const busy = watchProcessors()
  const late = watchLateness({ work, endsFrom, perSecond: PER_SECOND, rows, everyMs: LOOK_EVERY_MS })
  const log = createLogger('warn', { write: (line) => process.stderr.write(line) })
  const maintenance = createMaintenance({
    store: work.store,
    clock: new ClockWatch(work.store, log, 0),
    sealer: createSealer(keyring),
    retentionMs: RETENTION_MS,
    timelineMs: RETENTION_MS,
    backup: undefined,
    metrics: { queued: undefined, rowsUnderOlderKeys: undefined, bytes: undefined, lastBackupAt: undefined },
    backlog: { correct: () => undefined },
    log,
  })
  maintenance.start()
  await setTimeout(runMs)
  const within = accepts.takeTimes()
  const share = busy()
  const doneMs = await suite.until('all is deleted', () => late.isDone(), DONE_WITHIN_MS)
  late.stop()
  await accepts.stop()
  await maintenance.stop()

  report.section(
    `${database.title}: ${count(PER_SECOND)} rows of each kind a second, beside ${count(beside)} that stay`,
  )
  for (const [name, { rows: done, ms }] of Object.entries({ wiped: work.wipe, deleted: work.purge })) {
    report.figure(`${name}: rows`, count(done))
    const sumMs = ms.reduce((sum, one) => sum + one, 0)
    report.figure(`${name}: a second, half of it at rest`, count((done / sumMs) * 500))
    report.figure(`${name}: a batch, median and longest`, `${milliseconds(median(ms))}, ${milliseconds(highest(ms))}`)
  }
  report.figure('one accept, median and 99th percentile, before', times(alone))
  report.figure('one accept, median and 99th percentile, meanwhile', times(within))
  report.figure('share of the processors that was busy', percent(share))
  if (!short) {
    const limit = `at most ${seconds(LATE_AT_MOST_MS)}`
    report.promise('how late the latest row was', seconds(late.mostMs()), limit, late.mostMs() <= LATE_AT_MOST_MS)
  }
  const value = doneMs === undefined ? 'not in time' : 'all'
  report.promise('wiped and deleted in the end', value, 'must be all', doneMs !== undefined)
}

function times(ms: readonly number[]): string {
  return `${milliseconds(median(ms))}, ${milliseconds(quantile(ms, 0.99))}`
}

/** Accepts messages at an even pace, as a gateway does. */
function startAccepts(store: Store, keyId: string) {
  const accept = batched<NewMessage, Accepted>((messages) => store.accept(messages), GROUP_COMMIT)
  let taken: number[] = []
  let isOver = false
  const one = async () => {
    const id = `msg_${randomBytes(18).toString('base64url')}`
    const message = newMessage(id, `${keyId}.${randomBytes(18).toString('base64url')}`, randomBytes(BODY_BYTES))
    const begun = performance.now()
    await accept({ ...message, body: { ...message.body, keyId } })
    taken.push(performance.now() - begun)
  }
  const acceptAll = async () => {
    const running = new Set<Promise<void>>()
    while (!isOver) {
      const accepting = one()
      running.add(accepting)
      void accepting.finally(() => running.delete(accepting))
      await setTimeout(1000 / ACCEPTS_PER_SECOND)
    }
    await Promise.all(running)
  }
  const done = acceptAll()
  return {
    /** The milliseconds of each accept since the last call. */
    takeTimes: (): number[] => {
      const since = taken
      taken = []
      return since
    },
    stop: (): Promise<void> => {
      isOver = true
      return done
    },
  }
}
