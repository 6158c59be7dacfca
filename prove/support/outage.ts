import { setTimeout } from 'node:timers/promises'
import { audit, isSettled, reportAudit } from './audit.ts'
import { ownCluster } from './cluster.ts'
import { environment } from './environment.ts'
import { seconds } from './figures.ts'
import { spawnGateway, storeOf } from './gateway.ts'
import { Ledger } from './ledger.ts'
import { startLoad } from './load.ts'
import { acceptAfter, startPlatform } from './platform.ts'
import type { Suite } from './suite.ts'

const OUTAGE_MS = { short: 3000, full: 30_000 }
/** How long the load runs before and after the outage. */
const AROUND_MS = { short: 2000, full: 10_000 }
/** Backends that were in a commit when their server was killed may still finish it. */
const LAST_COMMITS_MS = 1000
const READY_AGAIN_WITHIN_MS = 30_000
const SETTLED_WITHIN_MS = 90_000
const PER_SECOND = 100
const WORKERS = 10

/** Kills the database under two gateways, and brings it back. */
export async function proveOutage(suite: Suite): Promise<void> {
  const { random, report, short } = suite
  const cluster = await ownCluster(suite)
  if ('unavailable' in cluster) {
    report.skip('The outage of PostgreSQL', `there is none to start and kill (${cluster.unavailable})`)
    return
  }
  suite.step('starting a PostgreSQL')
  await cluster.start()
  const ledger = new Ledger()
  const platformUrl = await startPlatform(suite, ledger, () => acceptAfter(random.integer(5, 50)))
  const gateways = [0, 1].map(() => spawnGateway(suite, environment(platformUrl, cluster.url)))
  const ready = await Promise.all(gateways.map((gateway) => gateway.ready))
  const begun = performance.now()
  const load = startLoad(suite, {
    ledger,
    workers: WORKERS,
    conversations: 1000,
    target: () => random.pick(ready)?.client,
    maySend: () => ledger.sent < ((performance.now() - begun) / 1000) * PER_SECOND,
    atLeastOnceEvery: 5,
  })
  suite.step('load before the outage')
  await setTimeout(short ? AROUND_MS.short : AROUND_MS.full)
  suite.step('the outage')
  await cluster.kill()
  await setTimeout(LAST_COMMITS_MS)
  const before = { acknowledged: ledger.acknowledged.size, refused: refusals(ledger) }
  const states: string[] = []
  const until = performance.now() + (short ? OUTAGE_MS.short : OUTAGE_MS.full)
  while (performance.now() < until) {
    for (const { url } of ready) states.push(await storeOf(url))
    await setTimeout(100)
  }
  const acknowledged = ledger.acknowledged.size - before.acknowledged
  const refused = refusals(ledger) - before.refused
  // A commit that was under way when the database was killed may have taken: 504 says that its outcome is unknown.
  const otherwise = [...ledger.refusals].filter(([status]) => status !== 503 && status !== 504)
  await cluster.start()
  const readyMs = await suite.until(
    '/readyz of both gateways reports the store as ok',
    async () => (await Promise.all(ready.map(({ url }) => storeOf(url)))).every((state) => state === 'ok'),
    READY_AGAIN_WITHIN_MS,
  )
  suite.step('load after the outage')
  await setTimeout(short ? AROUND_MS.short : AROUND_MS.full)
  await load.stop()
  const [one] = ready
  if (one === undefined) throw new Error('there is no gateway')
  const settledMs = await suite.until('every message is final', () => isSettled(one.client), SETTLED_WITHIN_MS)
  const found = await audit(one.client, ledger)
  await Promise.all(gateways.map((gateway) => gateway.stop()))

  report.section(`PostgreSQL away for ${seconds(short ? OUTAGE_MS.short : OUTAGE_MS.full)} under 2 gateways`)
  reportAudit(report, found, ledger)
  report.none('acknowledged during the outage', acknowledged)
  report.promise('refused during the outage', refused, 'some', refused > 0)
  report.none(
    'refused with another status than 503 or 504',
    otherwise.reduce((sum, [, times]) => sum + times, 0),
  )
  report.none('/readyz without `away` during the outage', states.filter((state) => state !== 'away').length)
  reportTime(suite, '/readyz reports the store as ok again', readyMs, READY_AGAIN_WITHIN_MS)
  reportTime(suite, 'all final after the last send', settledMs, SETTLED_WITHIN_MS)
}

function refusals({ refusals: found }: Ledger): number {
  return [...found.values()].reduce((sum, times) => sum + times, 0)
}

function reportTime({ report }: Suite, name: string, ms: number | undefined, withinMs: number): void {
  report.promise(name, ms === undefined ? 'not in time' : seconds(ms), `within ${seconds(withinMs)}`, ms !== undefined)
}
