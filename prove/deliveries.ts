import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import { startBarePlatform } from './support/bare-platform.ts'
import { bytesIn, ownPostgres, ownSqlite, rowsIn, type Database } from './support/databases.ts'
import { environment } from './support/environment.ts'
import { count, highest, mebibytes, percent } from './support/figures.ts'
import { spawnGateway, type GatewayProcess } from './support/gateway.ts'
import { textOf } from './support/platform.ts'
import { residentMib } from './support/proc.ts'
import { cpuMsOf, watchProcessors } from './support/processors.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** How many messages a second reach a Divar that takes its time, and how many its gateways' places allow; `--part 1x512` runs one set-up. */

const DIVAR_TAKES_MS = 300
type Setup = { places: number; gateways: number }
const SIZE = {
  short: { setups: [{ places: 16, gateways: 1 }], warmUpMs: 300, measuredMs: 1000, restMs: 700 },
  full: {
    setups: [
      { places: 128, gateways: 1 },
      { places: 512, gateways: 1 },
      { places: 128, gateways: 2 },
    ],
    warmUpMs: 3000,
    measuredMs: 12_000,
    restMs: 5000,
  },
}
const AT_LEAST = 0.8
/** Beyond this share the processors are the limit, not the places. */
const FREE_BELOW = 0.9
const SENDS_IN_FLIGHT = 64
const ALL_WITHIN_MS = 120_000

await runSuite('deliveries', { shortS: 180, fullS: 1800 }, async (suite) => {
  const setups = sizeOf(suite).setups.filter((setup) => suite.part === undefined || suite.part === nameOf(setup))
  if (setups.length === 0) throw new Error(`--part is one of ${sizeOf(suite).setups.map(nameOf).join(', ')}`)
  for (const setup of setups) {
    if (suite.only !== 'postgres' && setup.gateways === 1) await prove(suite, ownSqlite(suite.folder), setup)
    if (suite.only === 'sqlite') continue
    const database = await ownPostgres(suite)
    if (database !== undefined) await prove(suite, database, setup)
  }
})

async function prove(suite: Suite, database: Database, { places, gateways }: Setup): Promise<void> {
  const { report, short } = suite
  const { warmUpMs, measuredMs, restMs } = sizeOf(suite)
  const allowed = (places * gateways * 1000) / DIVAR_TAKES_MS
  const total = Math.ceil((allowed * (warmUpMs + measuredMs + restMs)) / 1000)
  const platform = await startBarePlatform(DIVAR_TAKES_MS)
  suite.atEnd(platform.close)
  const start = (concurrency: number) => {
    const more = { OUTBOX_CONCURRENCY: String(concurrency) }
    return spawnGateway(suite, environment(`http://127.0.0.1:${platform.port}`, database.url, more))
  }
  report.section(`${database.title}: ${gateways} × ${places} places, a Divar that takes ${DIVAR_TAKES_MS} ms`)
  await acceptAll(suite, database, start(1), total)

  const running = Array.from({ length: gateways }, () => start(places))
  await Promise.all(running.map(({ ready }) => ready))
  const taken = platform.delivered() + places * gateways
  await suite.until('all places are taken', () => platform.delivered() >= taken, ALL_WITHIN_MS)
  await setTimeout(warmUpMs)
  suite.step('measuring')
  const { perSecond, cpuMicroseconds, busy } = await measure(platform.delivered, running, measuredMs)
  report.figure('delivered a second', count(perSecond))
  report.figure('what the places allow', count(allowed))
  report.figure('processor time of the gateways for each', `${count(cpuMicroseconds)} µs`)
  report.figure('memory of a gateway', mebibytes(highest(running.map(({ pid }) => residentMib(pid)))))
  if (database.kind === 'postgres') report.figure('sessions of a gateway', (await sessionsIn(database)) / gateways)
  report.figure('share of the processors that was busy', percent(busy))
  const share = perSecond / allowed
  const limit = `at least ${AT_LEAST}, or ${percent(FREE_BELOW)} busy`
  // A short run shows that it works, not how fast.
  if (short) report.figure('share of what the places allow', share.toFixed(2))
  else
    report.promise('share of what the places allow', share.toFixed(2), limit, share >= AT_LEAST || busy >= FREE_BELOW)
  const restWithin = await suite.until('all are delivered', () => platform.delivered() >= total, ALL_WITHIN_MS)
  report.promise(
    'delivered in the end',
    platform.delivered(),
    `must be ${count(total)}`,
    restWithin !== undefined && platform.delivered() === total,
  )
  await Promise.all(running.map(({ stop }) => stop()))
}

function nameOf({ gateways, places }: Setup): string {
  return `${gateways}x${places}`
}

function sizeOf({ short }: Suite) {
  return short ? SIZE.short : SIZE.full
}

/** Fills the queue through a gateway with one place, each message with a conversation of its own, so that none waits for another. */
async function acceptAll(suite: Suite, database: Database, gateway: GatewayProcess, total: number): Promise<void> {
  const { report } = suite
  const { client } = await gateway.ready
  const empty = await bytesIn(database)
  const [begun, cpuBefore, busy] = [performance.now(), cpuMsOf(gateway.pid), watchProcessors()]
  let sent = 0
  const sendAll = async () => {
    while (sent < total) {
      sent += 1
      suite.step(`${database.title}: message ${sent} of ${total}`)
      const answer = await client.send({ conversation: sent, text: textOf(sent), atLeastOnce: false })
      if (answer.kind !== 'accepted') throw new Error(`a send was not acknowledged: ${JSON.stringify(answer)}`)
    }
  }
  await Promise.all(Array.from({ length: SENDS_IN_FLIGHT }, sendAll))
  report.figure('accepted a second', count((total / (performance.now() - begun)) * 1000))
  report.figure(
    'processor time of the gateway for each',
    `${count(((cpuMsOf(gateway.pid) - cpuBefore) / total) * 1000)} µs`,
  )
  report.figure('share of the processors that was busy', percent(busy()))
  await gateway.stop()
  report.figure('bytes a waiting message', count(((await bytesIn(database)) - empty) / total))
}

async function measure(delivered: () => number, gateways: readonly GatewayProcess[], ms: number) {
  const cpuMs = () => gateways.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0)
  const [begun, deliveredBefore, cpuBefore, busy] = [performance.now(), delivered(), cpuMs(), watchProcessors()]
  await setTimeout(ms)
  const messages = delivered() - deliveredBefore
  return {
    perSecond: (messages / (performance.now() - begun)) * 1000,
    cpuMicroseconds: ((cpuMs() - cpuBefore) / messages) * 1000,
    busy: busy(),
  }
}

async function sessionsIn(database: Database): Promise<number> {
  const [row] = await rowsIn(
    database,
    `select count(*) as sessions from pg_stat_activity
     where datname = current_database() and application_name like 'kenar-chat-gateway%'`,
  )
  return z.object({ sessions: z.coerce.number() }).parse(row).sessions
}
