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
import { sendCounted, startLoad } from './support/load.ts'
import { startPlatform } from './support/platform.ts'
import { ownSmallDisk } from './support/small-disk.ts'
import { runSuite, type Suite } from './support/suite.ts'
import { failingPlatform, fullDisk, readOnlyServer, serverGone, wrongClock, type Trouble } from './support/troubles.ts'

/** One gateway under clicks and sends for more than five minutes, with one fault after the other. It is never restarted. */

const TROUBLE_MS = { short: 5000, full: 60_000 }
const BETWEEN_MS = { short: 1000, full: 10_000 }
const RECOVERED_WITHIN_MS = 60_000
const PER_SECOND = 40
const RETRY_AFTER_S = { short: 10, full: 45 }
const LOG_WITHIN_MS = 2000
/** More than a gateway logs between two looks. */
const LOG_TAIL_BYTES = 256 * 1024
const DISK_MIB = 64
/** More than a run logs. */
const LOG_DISK_MIB = 96
/** Serials of the messages that check the recovery; the load's serials stay far below. */
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
  const platform = { isFailing: false, failures: 0 }
  const headers = { 'retry-after': String(short ? RETRY_AFTER_S.short : RETRY_AFTER_S.full) }
  const platformUrl = await startPlatform(suite, ledger, () => {
    if (!platform.isFailing) return undefined
    platform.failures += 1
    return { kind: 'answer', status: 503, body: '{"code":14}', headers }
  })
  const logDisk = await ownSmallDisk(suite, `log-disk-${title}`, LOG_DISK_MIB)
  if ('unavailable' in logDisk) report.skip('The full disk of the log', logDisk.unavailable)
  const clock = await fakeClock(suite)
  if (clock === undefined) report.skip('The wrong clock', 'libfaketime is not installed')
  const logFolder = 'unavailable' in logDisk ? suite.folder : logDisk.folder
  const port = await freePort()
  const logFile = join(logFolder, `gateway-${title}.log`)
  const log = await open(logFile, 'a')
  suite.atEnd(() => log.close())
  const variables = { PORT: String(port), DIVAR_TIMEOUT_MS: '2000', ...clock?.environment }
  const gateway = spawnGateway(suite, environment(platformUrl, databaseUrl, variables), { log: log.fd, port })
  const ready = await gateway.ready

  const clicks = startClicks(port)
  const begun = performance.now()
  const load = startLoad(suite, {
    ledger,
    workers: 10,
    conversations: 500,
    target: () => ready.client,
    maySend: () => ledger.sent < ((performance.now() - begun) / 1000) * PER_SECOND,
    atLeastOnceEvery: 5,
  })
  const troubles = [
    ...('unavailable' in logDisk ? [] : [fullDisk('log disk full', logDisk)]),
    ...ofDatabase,
    ...(clock === undefined ? [] : [wrongClock(clock)]),
    failingPlatform(platform),
  ]
  const recoveries: [string, number | undefined][] = []
  let [serial, present] = [FIRST_CHECK, 0]
  for (const trouble of troubles) {
    const name = `${title}: ${trouble.name}`
    if (await passThrough(suite, name, trouble, ready, ledger)) present += 1
    const isRecovered = () => checkRecovery(suite, name, ready, ledger, logFile, (serial += 1))
    recoveries.push([trouble.name, await suite.until(`recovery from: ${name}`, isRecovered, RECOVERED_WITHIN_MS)])
  }
  suite.step(`${title}: the end of the load`)
  await Promise.all([load.stop(), clicks.stop()])
  const settledMs = await suite.until('every message is final', () => isSettled(ready.client), RECOVERED_WITHIN_MS)
  const found = await audit(ready.client, ledger)
  await gateway.stop()

  report.section(
    `${title}: ${troubles.length} faults of ${seconds(short ? TROUBLE_MS.short : TROUBLE_MS.full)} each, no restart`,
  )
  report.figure('clicks answered with their landing', clicks.answered)
  report.none('clicks without an answer', clicks.unanswered)
  for (const [status, times] of clicks.otherwise) report.figure(`  clicks answered ${status}`, times)
  report.none(
    'clicks without their landing',
    [...clicks.otherwise.values()].reduce((sum, times) => sum + times, 0),
  )
  report.figure('slowest click', seconds(clicks.slowestMs))
  reportAudit(report, found, ledger)
  report.promise('faults that the gateway saw', present, `all ${troubles.length}`, present === troubles.length)
  for (const [name, ms] of recoveries) reportTime(suite, `recovered from: ${name}`, ms)
  reportTime(suite, 'the last message is final', settledMs)
}

function reportTime({ report }: Suite, name: string, ms: number | undefined): void {
  const value = ms === undefined ? 'not in time' : seconds(ms)
  report.promise(name, value, `within ${seconds(RECOVERED_WITHIN_MS)}`, ms !== undefined)
}

/** Lets one fault happen and pass; whether the gateway saw it. */
async function passThrough(
  suite: Suite,
  name: string,
  trouble: Trouble,
  { url }: Ready,
  ledger: Ledger,
): Promise<boolean> {
  suite.step(`before: ${name}`)
  await setTimeout(suite.short ? BETWEEN_MS.short : BETWEEN_MS.full)
  suite.step(name)
  const before = ledger.refusedSerials.size
  await trouble.begin()
  await setTimeout(suite.short ? TROUBLE_MS.short : TROUBLE_MS.full)
  const isPresent = await trouble.isPresent({ url, refused: ledger.refusedSerials.size - before })
  await trouble.end()
  return isPresent
}

/** Whether a new message is accepted, delivered and logged, and /readyz reports the store as ok. */
async function checkRecovery(
  suite: Suite,
  name: string,
  { client, url }: Ready,
  ledger: Ledger,
  logFile: string,
  serial: number,
): Promise<boolean> {
  const text = `#${serial} recovered`
  const sent = await sendCounted(client, ledger, { serial, conversation: serial, text, atLeastOnce: false })
  if (sent.kind !== 'accepted') return false
  const within = (what: string, isSo: () => boolean | Promise<boolean>) =>
    suite.until(`${name}: a new message is ${what}`, isSo, LOG_WITHIN_MS)
  if ((await within('delivered', () => ledger.timesAccepted(serial) > 0)) === undefined) return false
  if ((await within('logged', async () => (await tailOf(logFile)).includes(sent.id))) === undefined) return false
  return (await storeOf(url)) === 'ok'
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(LOG_TAIL_BYTES),
      position: Math.max(0, size - LOG_TAIL_BYTES),
    })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
