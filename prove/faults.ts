import { audit, isSettled, reportAudit, type Audit } from './support/audit.ts'
import { ownDatabases, type Database } from './support/databases.ts'
import { environment } from './support/environment.ts'
import { Failing } from './support/failing.ts'
import { seconds } from './support/figures.ts'
import { spawnGateway } from './support/gateway.ts'
import { Ledger } from './support/ledger.ts'
import { startLoad } from './support/load.ts'
import { startPlatform } from './support/platform.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** Delivers to a platform that fails a quarter of all requests, in every way that it has. */

const MESSAGES = { short: 400, full: 10_000 }
const SETTLED_WITHIN_MS = { short: 90_000, full: 1_500_000 }
const CONVERSATIONS = 200
const VARIABLES = { DIVAR_TIMEOUT_MS: '300', RETRY_FIRST_MS: '50', RETRY_MAX_MS: '1000' }

await runSuite('faults', { shortS: 240, fullS: 3600 }, async (suite) => {
  for (const database of await ownDatabases(suite)) await prove(suite, database)
})

async function prove(suite: Suite, database: Database): Promise<void> {
  const { report } = suite
  const total = suite.short ? MESSAGES.short : MESSAGES.full
  const ledger = new Ledger()
  const platform = new Failing(suite.random, ledger)
  const platformUrl = await startPlatform(suite, ledger, (serial) => platform.decide(serial))
  const gateway = spawnGateway(suite, environment(platformUrl, database.url, VARIABLES))
  const { client } = await gateway.ready

  suite.step(`${database.title}: sending ${total} messages`)
  await startLoad(suite, { ledger, workers: 40, conversations: CONVERSATIONS, total, target: () => client }).done
  const limit = suite.short ? SETTLED_WITHIN_MS.short : SETTLED_WITHIN_MS.full
  const settledMs = await suite.until(
    'every message is final',
    () => {
      suite.step(`${database.title}: ${ledger.delivered} of ${total} delivered; waiting until all are final`)
      return isSettled(client)
    },
    limit,
  )
  const found = await audit(client, ledger)
  await gateway.stop()

  report.section(`${database.title}: ${total} messages in ${CONVERSATIONS} conversations`)
  reportAudit(report, found, ledger)
  report.none('sends that were not acknowledged', total - ledger.acknowledged.size)
  for (const [kind, times] of platform.times) report.figure(`the platform's faults: ${kind}`, times)
  report.none('repeated though the first outcome was unknown', platform.repeatedAfterUnknown)
  const unwanted = platform.unwanted(found)
  report.figure('on their way for long when a 429 was answered', unwanted.onTheirWay)
  report.none('begun within the Retry-After of a 429', unwanted.begun)
  reportStates(suite, found, ledger, platform)
  const value = settledMs === undefined ? 'not in time' : seconds(settledMs)
  report.promise('all final after the last send', value, `within ${seconds(limit)}`, settledMs !== undefined)
}

/** A record says unknown exactly where the platform left it open; `late` are those that it accepted, and the time-out came first. */
function reportStates({ report }: Suite, { records, withoutRequest }: Audit, ledger: Ledger, platform: Failing): void {
  let [given, late, uncounted, untold] = [0, 0, 0, 0]
  for (const [serial, { state, begun }] of records) {
    const leftOpen = platform.leftOpen.has(serial)
    if (state !== 'delivered' && state !== 'unknown') given += 1
    if (state === 'unknown' && !leftOpen && ledger.timesAccepted(serial) > 0) late += 1
    if (state === 'delivered' && leftOpen) untold += 1
    if (begun.length !== ledger.timesArrived(serial)) uncounted += 1
  }
  report.figure('attempts held back before their request', withoutRequest)
  report.figure('accepted by the platform, and unknown by the time-out', late)
  report.none('ended otherwise than delivered or unknown', given)
  report.none('delivered though an outcome was left open', untold)
  report.none('recorded attempts that are not the requests that came', uncounted)
}
