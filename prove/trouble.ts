import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { audit, isSettled, reportAudit } from './support/audit.ts'
import { startClicks } from './support/clicks.ts'
import { ownCluster } from './support/cluster.ts'
import { environment } from './support/environment.ts'
import { fakeClock } from './support/fake-clock.ts'
import { seconds } from './support/figures.ts'
import { freePort } from './support/free-port.ts'
import { spawnGateway, storeOf, type Ready } from './support/gateway.ts'
import { Ledger } from './support/ledger.ts'
import { startLoad } from './support/load.ts'
import { startPlatform } from './support/platform.ts'
import { ownSmallDisk } from './support/small-disk.ts'
import { runSuite, type Suite } from './support/suite.ts'
import { failingPlatform, fullDisk, readOnlyServer, serverGone, wrongClock, type Trouble } from './support/troubles.ts'

/** One gateway under clicks and sends, to which one trouble after the other happens and passes. It is never restarted. */

const TROUBLE_MS = { short: 5000, full: 35_000 }
const BETWEEN_MS = { short: 1000, full: 5000 }
const WELL_WITHIN_MS = 60_000
const PER_SECOND = 40
const RETRY_AFTER_S = { short: 10, full: 45 }
const DISK_MIB = 64
const LOG_DISK_MIB = 16
/** Serials of the sends that ask whether all is well again; the load's serials stay far below. */
const FIRST_CHECK = 10_000_000

await runSuite('trouble', { shortS: 240, fullS: 1800 }, async (suite) => {
  if (suite.only !== 'postgres') await prove(suite, await onSqlite(suite))
  if (!suite.short && suite.only !== 'sqlite') {
    const database = await onPostgres(suite)
    if (database !== undefined) await prove(suite, database)
  }
})

type Subject = { title: string; databaseUrl: string; troubles: Trouble[] }

async function onSqlite(suite: Suite): Promise<Subject> {
  const disk = await ownSmallDisk(suite, 'database-disk', DISK_MIB)
  if ('unavailable' in disk) {
    suite.report.skip('The full disk of SQLite', disk.unavailable)
    return { title: 'SQLite', databaseUrl: `file:${join(suite.folder, 'gateway.db')}`, troubles: [] }
  }
  const databaseUrl = `file:${join(disk.folder, 'gateway.db')}`
  return { title: 'SQLite', databaseUrl, troubles: [fullDisk('SQLite disk full', disk)] }
}

async function onPostgres(suite: Suite): Promise<Subject | undefined> {
  const cluster = await ownCluster(suite)
  if ('unavailable' in cluster) {
    suite.report.skip('PostgreSQL', `there is none to start and kill (${cluster.unavailable})`)
    return undefined
  }
  suite.step('starting a PostgreSQL')
  await cluster.start()
  const troubles = [readOnlyServer(cluster), serverGone(cluster)]
  return { title: 'PostgreSQL', databaseUrl: cluster.url, troubles }
}

async function prove(suite: Suite, { title, databaseUrl, troubles: ofDatabase }: Subject): Promise<void> {
  const { report, short } = suite
  const ledger = new Ledger()
  const platform = { isFailing: false }
  const headers = { 'retry-after': String(short ? RETRY_AFTER_S.short : RETRY_AFTER_S.full) }
  const platformUrl = await startPlatform(suite, ledger, () =>
    platform.isFailing ? { kind: 'answer', status: 503, body: '{"code":14}', headers } : undefined,
  )
  const logDisk = await ownSmallDisk(suite, `log-disk-${title}`, LOG_DISK_MIB)
  if ('unavailable' in logDisk) report.skip('The full disk of the log', logDisk.unavailable)
  const clock = await fakeClock(suite)
  if (clock === undefined) report.skip('The wrong clock', 'libfaketime is not installed')
  const logFolder = 'unavailable' in logDisk ? suite.folder : logDisk.folder
  const port = await freePort()
  const log = await open(join(logFolder, 'gateway.log'), 'a')
  suite.atEnd(() => log.close())
  const variables = { PORT: String(port), DIVAR_TIMEOUT_MS: '2000', ...clock?.environment }
  const gateway = spawnGateway(suite, environment(platformUrl, databaseUrl, variables), { log: log.fd, port })
  const ready = await gateway.ready

  const clicks = startClicks(port)
  const begun = performance.now()
  const load = startLoad(suite, {
    ledger,
    workers: 10,
    lines: 500,
    target: () => ready.client,
    mayGoOn: () => ledger.sent < ((performance.now() - begun) / 1000) * PER_SECOND,
    atLeastOnceEvery: 5,
  })
  const troubles = [
    ...('unavailable' in logDisk ? [] : [fullDisk('log disk full', logDisk)]),
    ...ofDatabase,
    ...(clock === undefined ? [] : [wrongClock(clock)]),
    failingPlatform(platform),
  ]
  const recoveries: [string, number | undefined][] = []
  for (const [index, trouble] of troubles.entries()) {
    const passes = await passThrough(
      suite,
      `${title}: ${trouble.name}`,
      trouble,
      ready,
      FIRST_CHECK + index * 100_000,
      ledger,
    )
    recoveries.push([trouble.name, passes])
  }
  suite.step(`${title}: the end of the load`)
  await Promise.all([load.stop(), clicks.stop()])
  const settledMs = await suite.until('every message is final', () => isSettled(ready.client), WELL_WITHIN_MS)
  const found = await audit(ready.client, ledger)
  await gateway.stop()

  report.section(
    `${title}: ${troubles.length} troubles of ${seconds(short ? TROUBLE_MS.short : TROUBLE_MS.full)} each, no restart`,
  )
  report.figure('clicks answered with their landing', clicks.answered)
  report.none('clicks without an answer', clicks.unanswered)
  for (const [status, times] of clicks.otherwise) report.figure(`  clicks answered ${status}`, times)
  report.none(
    'clicks without their landing',
    [...clicks.otherwise.values()].reduce((sum, times) => sum + times, 0),
  )
  reportAudit(report, found, ledger)
  for (const [name, ms] of [...recoveries, ['the last message is final', settledMs] as const]) {
    const value = ms === undefined ? 'not in time' : seconds(ms)
    report.promise(`well again after: ${name}`, value, `within ${seconds(WELL_WITHIN_MS)}`, ms !== undefined)
  }
}

/** Lets one trouble happen and pass; answers how long it took until a new message was accepted and delivered again. */
async function passThrough(
  suite: Suite,
  name: string,
  trouble: Trouble,
  { client, url }: Ready,
  firstSerial: number,
  ledger: Ledger,
): Promise<number | undefined> {
  suite.step(`before: ${name}`)
  await setTimeout(suite.short ? BETWEEN_MS.short : BETWEEN_MS.full)
  suite.step(name)
  await trouble.begin()
  await setTimeout(suite.short ? TROUBLE_MS.short : TROUBLE_MS.full)
  await trouble.end()
  let serial = firstSerial
  const isWell = async () => {
    serial += 1
    ledger.sent += 1
    const text = `#${serial} all is well`
    const sent = await client.send({ line: serial, text, atLeastOnce: false })
    if (sent.kind !== 'accepted') return false
    ledger.acknowledged.set(serial, sent.id)
    const arrived = await suite.until(
      `${name}: a new message is delivered`,
      () => ledger.timesAccepted(serial) > 0,
      2000,
    )
    return arrived !== undefined && (await storeOf(url)) === 'ok'
  }
  return suite.until(`all is well after: ${name}`, isWell, WELL_WITHIN_MS)
}
