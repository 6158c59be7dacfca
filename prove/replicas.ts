import { setTimeout } from 'node:timers/promises'
import { audit, isSettled, reportAudit, type Audit } from './support/audit.ts'
import type { Client } from './support/client.ts'
import { ownPostgres } from './support/databases.ts'
import { environment } from './support/environment.ts'
import { highest, seconds } from './support/figures.ts'
import { spawnGateway, type GatewayProcess } from './support/gateway.ts'
import { Holders } from './support/holders.ts'
import { Ledger } from './support/ledger.ts'
import { startLoad } from './support/load.ts'
import { acceptAfter, startPlatform } from './support/platform.ts'
import { proveOutage } from './support/outage.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** Three gateways on one PostgreSQL, of which one is killed time and again; then a PostgreSQL that is killed under its gateways. */

const GATEWAYS = 3
const WORKERS = 20
const SIZE = {
  short: { messages: 400, perSecond: 75, killEveryMs: 2000, conversations: 400 },
  full: { messages: 10_000, perSecond: 150, killEveryMs: 5000, conversations: 4000 },
}
/**
 * From the beginning of an attempt that a kill cut off to the commit of its unknown outcome: the lease of 30 s, 5 s until the next look of
 * another gateway, and slack. The gateway that takes a message over can be killed before that commit; then another lease has to expire. So
 * the limit holds for each gateway that held the message.
 */
const TAKEN_OVER_WITHIN_MS = 45_000
const SETTLED_WITHIN_MS = 75_000

await runSuite('replicas', { shortS: 240, fullS: 1200 }, async (suite) => {
  // In a short run both wait for leases at the same time.
  if (suite.short) await Promise.all([proveReplicas(suite), proveOutage(suite)])
  else {
    await proveReplicas(suite)
    await proveOutage(suite)
  }
})

type Replica = { process: GatewayProcess; client: Client | undefined }

async function proveReplicas(suite: Suite): Promise<void> {
  const { random, report } = suite
  const database = await ownPostgres(suite)
  if (database === undefined) return
  const { messages, perSecond, killEveryMs, conversations } = suite.short ? SIZE.short : SIZE.full
  const ledger = new Ledger()
  const platformUrl = await startPlatform(suite, ledger, () => acceptAfter(random.integer(5, 100)))
  const spawn = (): Replica => {
    const replica: Replica = { process: spawnGateway(suite, environment(platformUrl, database.url)), client: undefined }
    replica.process.ready.then(({ client }) => (replica.client = client)).catch(() => undefined)
    return replica
  }
  const replicas = Array.from({ length: GATEWAYS }, spawn)
  await Promise.all(replicas.map(({ process }) => process.ready))

  const begun = performance.now()
  const load = startLoad(suite, {
    ledger,
    workers: WORKERS,
    conversations,
    total: messages,
    target: () => random.pick(replicas.flatMap(({ client }) => client ?? [])),
    maySend: () => ledger.sent < ((performance.now() - begun) / 1000) * perSecond,
    atLeastOnceEvery: 5,
  })
  const holders = new Holders(database.url)
  const sending = { over: false }
  void load.done.then(() => (sending.over = true))
  let kills = 0
  for (;;) {
    await setTimeout(killEveryMs)
    if (sending.over && kills > 0) break
    // On a machine where a start takes longer than this round, all of them would be down for good.
    if (replicas.filter(({ client }) => client !== undefined).length < 2) continue
    const index = random.integer(0, replicas.length - 1)
    const victim = replicas[index]
    if (victim === undefined) throw new Error('there is no such gateway')
    suite.step(`${ledger.sent} of ${messages} sent; kill ${kills + 1}`)
    victim.client = undefined
    await victim.process.kill()
    await holders.look()
    replicas[index] = spawn()
    kills += 1
  }
  await load.done

  const [one] = await Promise.all(replicas.map(({ process }) => process.ready))
  if (one === undefined) throw new Error('there is no gateway')
  const { client } = one
  const settledMs = await suite.until('every message is final', () => isSettled(client), SETTLED_WITHIN_MS)
  const found = await audit(client, ledger)
  await Promise.all(replicas.map(({ process }) => process.stop()))

  report.section(`${GATEWAYS} gateways on PostgreSQL, ${kills} kills`)
  reportAudit(report, found, ledger)
  report.none('requests for a message while another was in flight', ledger.overlapped().length)
  reportTakeOver(suite, found, holders)
  const value = settledMs === undefined ? 'not in time' : seconds(settledMs)
  report.promise(
    'all final after the last kill',
    value,
    `within ${seconds(SETTLED_WITHIN_MS)}`,
    settledMs !== undefined,
  )
}

function reportTakeOver({ report }: Suite, { unknownAttempts }: Audit, holders: Holders): void {
  const waits = unknownAttempts.map(({ messageId, at, ended_at: endedAt }) => ({
    ms: (endedAt ?? Infinity) - at,
    gateways: holders.countOf(messageId),
  }))
  const perGateway = highest(waits.map(({ ms, gateways }) => ms / gateways))
  const limit = `within ${seconds(TAKEN_OVER_WITHIN_MS)}`
  report.figure('attempts cut off by a kill', waits.length)
  report.figure(
    'of these, taken over by a gateway that was killed too',
    waits.filter(({ gateways }) => gateways > 1).length,
  )
  report.figure('outcome of a cut-off attempt committed, slowest', seconds(highest(waits.map(({ ms }) => ms))))
  report.promise(
    'the same, for each gateway that held the message',
    seconds(perGateway),
    limit,
    perGateway <= TAKEN_OVER_WITHIN_MS,
  )
}
