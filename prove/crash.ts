import { setTimeout } from 'node:timers/promises'
import { audit, isSettled, reportAudit, type Audit } from './support/audit.ts'
import type { Client } from './support/client.ts'
import { ownDatabases, type Database } from './support/databases.ts'
import { environment, OUTBOX_CONCURRENCY } from './support/environment.ts'
import { highest, median, milliseconds, seconds } from './support/figures.ts'
import { bareStartMs, spawnGateway } from './support/gateway.ts'
import { Ledger } from './support/ledger.ts'
import { startLoad } from './support/load.ts'
import { acceptAfter, startPlatform } from './support/platform.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** Kills a gateway at random moments while it accepts and delivers, and starts it again on the same database. */

const KILLS = { short: 10, full: 200 }
/** As a multiple of the start of a bare Node on the same machine at the same time. */
const READY_LIMIT = 60
const SETTLED_WITHIN_MS = 60_000
/** Some are killed before they are ready: settling abandoned messages must survive a kill too. */
const EARLY_CHANCE = 0.1
const WORKERS = 16
/** So many that enough of them are free while others wait for a lease to expire. */
const CONVERSATIONS = 8192
const MAX_BACKLOG = { sqlite: 400, postgres: 4000 }
/** The database and this process read the same clock, a moment apart. */
const CLOCK_SLACK_MS = 100

/** How long a start took, and how long a bare Node took to start just before. */
type Start = { readyMs: number; bareMs: number }
type Kill = { from: number; to: number; running: number }

await runSuite('crash', { shortS: 240, fullS: 3600 }, async (suite) => {
  for (const database of await ownDatabases(suite)) await prove(suite, database)
})

async function prove(suite: Suite, database: Database): Promise<void> {
  const { random, report } = suite
  const ledger = new Ledger()
  const platformUrl = await startPlatform(suite, ledger, () => acceptAfter(random.integer(0, 20)))
  const spawn = () => spawnGateway(suite, environment(platformUrl, database.url))
  let target: Client | undefined
  const load = startLoad(suite, {
    ledger,
    workers: WORKERS,
    conversations: CONVERSATIONS,
    target: () => target,
    maySend: () => ledger.backlog < MAX_BACKLOG[database.kind],
    atLeastOnceEvery: 5,
  })

  const kills: Kill[] = []
  const starts: Start[] = []
  const number = suite.short ? KILLS.short : KILLS.full
  while (kills.length < number) {
    suite.step(`${database.title}: kill ${kills.length + 1} of ${number}`)
    const bareMs = await bareStartMs()
    const gateway = spawn()
    if (kills.length > 0 && random.chance(EARLY_CHANCE)) {
      await setTimeout(random.next() * median(starts.map(({ readyMs }) => readyMs)))
    } else {
      const ready = await gateway.ready
      starts.push({ readyMs: ready.readyMs, bareMs })
      target = ready.client
      await setTimeout(random.integer(20, 1000))
    }
    const { running } = ledger
    const from = Date.now()
    const gone = gateway.kill()
    target = undefined
    await gone
    kills.push({ from, to: Date.now(), running })
  }
  await load.stop()

  const { client } = await spawn().ready
  const settledMs = await suite.until('every message is final', () => isSettled(client), SETTLED_WITHIN_MS)
  const found = await audit(client, ledger)

  report.section(`${database.title}: ${kills.length} kills`)
  reportAudit(report, found, ledger)
  reportUnknown(suite, found, kills)
  reportStarts(suite, starts)
  reportSettled(suite, settledMs)
}

/** An outcome may be unknown only because of a kill during the attempt, and a gateway has at most OUTBOX_CONCURRENCY attempts at a time. */
function reportUnknown({ report }: Suite, { unknownAttempts }: Audit, kills: readonly Kill[]): void {
  const perKill = new Map<Kill, number>()
  let withoutKill = 0
  for (const { at, ended_at: endedAt } of unknownAttempts) {
    const kill = kills.find(({ to }) => at <= to + CLOCK_SLACK_MS)
    if (kill === undefined || (endedAt ?? Infinity) < kill.from - CLOCK_SLACK_MS) withoutKill += 1
    else perKill.set(kill, (perKill.get(kill) ?? 0) + 1)
  }
  const most = highest(perKill.values())
  const running = kills.reduce((sum, kill) => sum + kill.running, 0)
  report.figure('requests in flight at the platform, over all kills', running)
  report.figure('attempts of unknown outcome', unknownAttempts.length)
  report.none('attempts of unknown outcome without a kill', withoutKill)
  const limit = `at most ${OUTBOX_CONCURRENCY}`
  report.promise('attempts of unknown outcome at one kill, most', most, limit, most <= OUTBOX_CONCURRENCY)
}

function reportStarts({ report }: Suite, starts: readonly Start[]): void {
  const bare = starts.map(({ bareMs }) => bareMs)
  const ready = starts.map(({ readyMs }) => readyMs)
  report.figure('start of a bare Node, median', milliseconds(median(bare)))
  report.figure('start of a bare Node, slowest', milliseconds(highest(bare)))
  report.figure('ready again after the spawn, median', milliseconds(median(ready)))
  report.figure('ready again after the spawn, slowest', milliseconds(highest(ready)))
  const ratio = median(ready) / median(bare)
  report.promise(
    'ready again, of a bare start, median',
    ratio.toFixed(1),
    `at most ${READY_LIMIT}`,
    ratio <= READY_LIMIT,
  )
}

function reportSettled({ report }: Suite, ms: number | undefined): void {
  const limit = `within ${seconds(SETTLED_WITHIN_MS)}`
  report.promise(
    'all final after the last start',
    ms === undefined ? 'not in time' : seconds(ms),
    limit,
    ms !== undefined,
  )
}
