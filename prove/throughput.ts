import { cpus } from 'node:os'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { prepareBare } from './support/bare.ts'
import { barChart } from './support/chart.ts'
import { ownPostgres, ownSqlite, type Database } from './support/databases.ts'
import { count, median } from './support/figures.ts'
import { prepareHttp, prepareStore } from './support/ways-in.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** How many messages a second are accepted and delivered, beside what the database's own driver can store one by one. */

const CHART = fileURLToPath(new URL('../docs/throughput.svg', import.meta.url))
const ROUNDS = { short: 3, full: 9 }
const ROUND_MS = { short: 400, full: 2000 }
const AT_LEAST = 0.5
const IN_FLIGHT = 64

const BARS = ['bare inserts', 'accepted by the store', 'accepted over HTTP', 'delivered'] as const
type Rates = Record<(typeof BARS)[number], number>

await runSuite('throughput', { shortS: 120, fullS: 900 }, async (suite) => {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`
  suite.report.section(machine)
  const groups: { title: string; rates: Rates }[] = []
  for (const own of [sqlite, postgres]) {
    const databases = await own(suite)
    if (databases !== undefined) groups.push({ title: databases[0].title, rates: await prove(suite, databases) })
  }
  if (suite.short || groups.length < 2) return
  const drawn = groups.map(({ title, rates }) => ({
    title,
    bars: BARS.map((label) => ({ label, value: rates[label] })),
  }))
  const note = `Medians of ${ROUNDS.full} rounds, ${IN_FLIGHT} messages in flight. ${machine}.`
  await writeFile(
    CHART,
    barChart({ title: 'Messages a second, each committed before it is acknowledged', note, groups: drawn }),
  )
  suite.report.figure('drawn', 'docs/throughput.svg')
})

type Databases = [bare: Database, store: Database, gateway: Database]

function sqlite({ only, folder }: Suite): Promise<Databases | undefined> {
  return Promise.resolve(only === 'postgres' ? undefined : [ownSqlite(folder), ownSqlite(folder), ownSqlite(folder)])
}

async function postgres(suite: Suite): Promise<Databases | undefined> {
  if (suite.only === 'sqlite') return undefined
  const bare = await ownPostgres(suite)
  const store = bare && (await ownPostgres(suite))
  const gateway = store && (await ownPostgres(suite))
  return gateway && [bare, store, gateway]
}

async function prove(suite: Suite, [bareDatabase, storeDatabase, gatewayDatabase]: Databases): Promise<Rates> {
  const { report, short } = suite
  const { title } = bareDatabase
  const bare = await prepareBare(suite, bareDatabase)
  const store = await prepareStore(suite, storeDatabase)
  const http = await prepareHttp(suite, gatewayDatabase)
  const ways = [bare.insert, store.accept, http.send]
  const rates = ways.map((): number[] => [])
  const rounds = short ? ROUNDS.short : ROUNDS.full
  // One after the other within each round, so that what else the machine does meets all of them alike; the first warms up.
  for (let round = 0; round <= rounds; round += 1) {
    suite.step(`${title}: round ${round} of ${rounds}`)
    for (const [index, way] of ways.entries()) {
      const rate = await perSecond(way, short ? ROUND_MS.short : ROUND_MS.full)
      if (round > 0) rates[index]?.push(rate)
    }
  }
  suite.step(`${title}: delivering what is queued`)
  const delivered = await http.drain()

  const [bareRate = NaN, storeRate = NaN, httpRate = NaN] = rates.map(median)
  report.section(`${title}: a second, median of ${rounds} rounds, ${IN_FLIGHT} in flight`)
  report.figure('bare inserts, one for each message', count(bareRate))
  report.figure('accepted by the store', count(storeRate))
  report.figure('accepted over HTTP', count(httpRate))
  report.figure('delivered', count(delivered))
  const ratio = storeRate / bareRate
  report.promise(
    'accepted by the store for each bare insert',
    ratio.toFixed(2),
    `at least ${AT_LEAST}`,
    ratio >= AT_LEAST,
  )
  return {
    'bare inserts': bareRate,
    'accepted by the store': storeRate,
    'accepted over HTTP': httpRate,
    delivered,
  }
}

/** Keeps a number of calls in flight for some time, and counts those that succeeded. */
async function perSecond(call: () => Promise<unknown>, ms: number): Promise<number> {
  const begun = performance.now()
  let calls = 0
  const callAll = async () => {
    while (performance.now() - begun < ms) {
      await call()
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, callAll))
  return (calls / (performance.now() - begun)) * 1000
}
