import { setTimeout } from 'node:timers/promises'
import { startSimulator } from '../src/simulator/simulator.ts'
import type { Client } from './support/client.ts'
import { ownPostgres } from './support/databases.ts'
import { environment, KEYS } from './support/environment.ts'
import { percent, seconds } from './support/figures.ts'
import { spawnGateway } from './support/gateway.ts'
import { textOf } from './support/platform.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** Three gateways on one PostgreSQL with a limit of sends a minute: what arrives in any minute, by the platform's clock. */

const GATEWAYS = 3
const PER_MINUTE = 120
const MINUTE_MS = 60_000
/** At first fewer messages than the limit, so that they leave the window one by one; then more than can be sent. */
const SIZE = {
  short: { spread: 20, everyMs: 100, backlog: 300, windows: 1 },
  full: { spread: 100, everyMs: 350, backlog: 500, windows: 3 },
}
const USED_AT_LEAST = 0.9
const START_MS = 30_000

await runSuite('pacing', { shortS: 240, fullS: 600 }, async (suite) => {
  const { report } = suite
  const database = await ownPostgres(suite)
  if (database === undefined) return
  const arrivals: number[] = []
  const platform = await startSimulator({
    apiKey: KEYS.platform,
    decide: () => {
      arrivals.push(performance.now())
      return undefined
    },
  })
  suite.atEnd(() => platform.close())
  const variables = environment(platform.url, database.url, { DIVAR_SENDS_PER_MINUTE: String(PER_MINUTE) })
  const gateways = Array.from({ length: GATEWAYS }, () => spawnGateway(suite, variables))
  const clients = (await Promise.all(gateways.map(({ ready }) => ready))).map(({ client }) => client)
  const { spread, everyMs, backlog, windows } = suite.short ? SIZE.short : SIZE.full
  await acceptAll(suite, clients, { from: 0, messages: spread, everyMs })
  await acceptAll(suite, clients, { from: spread, messages: backlog, everyMs: 0 })
  const wanted = PER_MINUTE * (windows + 1)
  const withinMs = (windows * MINUTE_MS) / USED_AT_LEAST + START_MS
  await suite.until(`${wanted} messages have arrived`, () => arrivals.length >= wanted, withinMs)
  await Promise.all(gateways.map(({ stop }) => stop()))

  report.section(`${GATEWAYS} gateways on PostgreSQL, ${PER_MINUTE} sends a minute`)
  report.promise('arrived', arrivals.length, `at least ${wanted}`, arrivals.length >= wanted)
  const most = Math.max(...arrivals.map((_, index) => arrivedInMinuteFrom(arrivals, index)))
  report.promise('most in any minute', most, `at most ${PER_MINUTE}`, most <= PER_MINUTE)
  // From each arrival to the one that needs its place.
  const waits = arrivals.slice(PER_MINUTE).map((at, index) => at - (arrivals[index] ?? NaN))
  const meanMs = waits.reduce((sum, ms) => sum + ms, 0) / waits.length
  const used = MINUTE_MS / meanMs
  report.figure('until the place of a message is taken again, shortest', seconds(Math.min(...waits)))
  report.figure('the same, longest', seconds(Math.max(...waits)))
  report.promise(
    'of the limit used under load',
    percent(used),
    `at least ${percent(USED_AT_LEAST)}`,
    used >= USED_AT_LEAST,
  )
})

type Amount = { from: number; messages: number; everyMs: number }

/** Each message in a conversation of its own, so that none waits for another. */
async function acceptAll(suite: Suite, clients: readonly Client[], { from, messages, everyMs }: Amount): Promise<void> {
  for (let serial = from; serial < from + messages; serial += 1) {
    suite.step(`message ${serial}`)
    const client = clients[serial % clients.length]
    const answer = await client?.send({ conversation: serial, text: textOf(serial), atLeastOnce: false })
    if (answer?.kind !== 'accepted') throw new Error(`a send was not acknowledged: ${JSON.stringify(answer)}`)
    if (everyMs > 0) await setTimeout(everyMs)
  }
}

function arrivedInMinuteFrom(arrivals: readonly number[], index: number): number {
  const from = arrivals[index] ?? NaN
  const next = arrivals.findIndex((at) => at >= from + MINUTE_MS)
  return (next === -1 ? arrivals.length : next) - index
}
