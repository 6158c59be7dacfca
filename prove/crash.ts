import { audit, isSettled, reportAudit, reportSettled, type Audit } from './support/audit.ts'
import type { Client } from './support/client.ts'
import { killWithEvents } from './support/crash-events.ts'
import { ownDatabases, type Database } from './support/databases.ts'
import { environment, OUTBOX_CONCURRENCY } from './support/environment.ts'
import { highest } from './support/figures.ts'
import { spawnGateway } from './support/gateway.ts'
import { killRepeatedly, reportStarts, type Kill } from './support/kills.ts'
import { Ledger } from './support/ledger.ts'
import { startLoad } from './support/load.ts'
import { acceptAfter, startPlatform } from './support/platform.ts'
import { runSuite, type Suite } from './support/suite.ts'

/**
 * Kills a gateway at random moments and starts it again on the same database: while it accepts and delivers messages, and while it takes
 * events and passes them on. One part alone with --part.
 */

type Part = (suite: Suite, database: Database) => Promise<void>

const PARTS: Record<string, Part> = {
  messages: killWithMessages,
  events: (suite, database) => killWithEvents(suite, database, { ...SENDERS, maxBacklog: MAX_BACKLOG[database.kind] }),
}
const KILLS = { short: 4, full: 200 }
const SETTLED_WITHIN_MS = 60_000
/** So many conversations that enough of them are free while others wait for a lease to expire. */
const SENDERS = { workers: 16, conversations: 8192 }
const MAX_BACKLOG = { sqlite: 400, postgres: 4000 }
/** The database and this process read the same clock, a moment apart. */
const CLOCK_SLACK_MS = 100

await runSuite('crash', { shortS: 240, fullS: 3600 }, async (suite) => {
  const parts = Object.entries(PARTS).flatMap(([name, part]) => ((suite.part ?? name) === name ? [part] : []))
  if (parts.length === 0) throw new Error(`--part is one of ${Object.keys(PARTS).join(', ')}`)
  const prove = async (part: Part) => {
    for (const database of await ownDatabases(suite)) await part(suite, database)
  }
  // In a short run the parts share the time in which leases expire.
  if (suite.short) await Promise.all(parts.map(prove))
  else for (const part of parts) await prove(part)
})

async function killWithMessages(suite: Suite, database: Database): Promise<void> {
  const { random, report } = suite
  const ledger = new Ledger()
  const platformUrl = await startPlatform(suite, ledger, () => acceptAfter(random.integer(0, 20)))
  const spawn = () => spawnGateway(suite, environment(platformUrl, database.url))
  let target: Client | undefined
  const load = startLoad(suite, {
    ledger,
    ...SENDERS,
    target: () => target,
    maySend: () => ledger.backlog < MAX_BACKLOG[database.kind],
    atLeastOnceEvery: 5,
  })
  const { kills, starts } = await killRepeatedly(suite, {
    title: database.title,
    number: suite.short ? KILLS.short : KILLS.full,
    spawn,
    onTarget: (client) => (target = client),
    running: () => ledger.running,
  })
  await load.stop()

  const { client } = await spawn().ready
  const settledMs = await suite.until('every message is final', () => isSettled(client), SETTLED_WITHIN_MS)
  const found = await audit(client, ledger)

  report.section(`${database.title}: ${kills.length} kills`)
  reportAudit(report, found, ledger)
  reportUnknown(suite, found, kills)
  reportStarts(suite, starts)
  reportSettled(report, settledMs, SETTLED_WITHIN_MS)
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
