import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { ownSqlite } from '../support/databases.ts'
import { environment, KEYS } from '../support/environment.ts'
import { highest, median, milliseconds, quantile, seconds } from '../support/figures.ts'
import { spawnGateway } from '../support/gateway.ts'
import { askAtPace } from '../support/pace.ts'
import { startTakingPlatform } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { rawClick } from '../support/wire.ts'
import { CLICK_V2 } from '../../test/support/marked-values.ts'

/** Sockets that say a byte a second, half of them in their heads and half in their bodies, beside users who click. */

const SOCKETS = { short: 200, full: 1000 }
const HEADS_WITHIN_MS = 12_000
const BODIES_WITHIN_MS = 17_000
const BASELINE_MS = { short: 4000, full: 15_000 }
const CLICKS_A_SECOND = 100
const BYTE_EVERY_MS = 1000
/** Their first bytes, and so all others, are spread over this time: what is measured is the gateway, and not who plays the crowd. */
const ARRIVE_OVER_MS = 1000
const RATIO = 2
/** Below this a ratio only measures the machine's scheduler. */
const TOO_SMALL_MS = 10

const HEAD = `POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: ${KEYS.identification}\r\n`
const BEGINNINGS = {
  head: HEAD,
  body: `${HEAD}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
}

export async function proveSlow(suite: Suite): Promise<void> {
  const { report, short } = suite
  const gateway = spawnGateway(suite, environment(await startTakingPlatform(suite), ownSqlite(suite.folder).url))
  const { port } = await gateway.ready
  const users = { stopped: false }
  suite.atEnd(() => (users.stopped = true))
  suite.step('slow sockets: users alone')
  // Once without being looked at: the first clicks of a process are its slowest.
  await clickFor(port, () => false, 2000)
  const baseline = await clickFor(port, () => users.stopped, short ? BASELINE_MS.short : BASELINE_MS.full)

  const half = (short ? SOCKETS.short : SOCKETS.full) / 2
  suite.step(`slow sockets: ${2 * half} of them`)
  const crowd = Promise.all([crowdOf(port, half, BEGINNINGS.head), crowdOf(port, half, BEGINNINGS.body)])
  const gone = { all: false }
  const beside = clickFor(port, () => gone.all, 2 * BODIES_WITHIN_MS)
  const [heads, bodies] = await crowd
  gone.all = true
  const others = await beside
  await gateway.stop()

  report.section(
    `slow sockets: ${half} in their heads and ${half} in their bodies, a byte a second; ${CLICKS_A_SECOND} clicks a second beside them`,
  )
  reportGone(suite, 'heads', heads, HEADS_WITHIN_MS)
  reportGone(suite, 'bodies', bodies, BODIES_WITHIN_MS)
  report.figure('clicks of others: alone, and beside them', `${baseline.times.length}, ${others.times.length}`)
  report.none('clicks of others that were not answered 200', baseline.failed + others.failed)
  report.figure('p50 of others: alone, and beside them', both(baseline.times, others.times, 0.5))
  report.figure('p99 of others, of all: alone, and beside them', both(baseline.times, others.times, 0.99))
  report.figure('the slowest: alone, and beside them', both(baseline.times, others.times, 1))
  const [before, meanwhile] = [typicalP99(baseline.times), typicalP99(others.times)]
  report.figure('p99 of others within a second, median: alone', milliseconds(before))
  report.promise(
    'p99 of others within a second, median: beside them',
    milliseconds(meanwhile),
    `at most ${RATIO} times, or ${TOO_SMALL_MS} ms`,
    meanwhile <= Math.max(RATIO * before, TOO_SMALL_MS),
  )
}

function both(alone: readonly number[], beside: readonly number[], share: number): string {
  return `${milliseconds(quantile(alone, share))}, ${milliseconds(quantile(beside, share))}`
}

/** Of each second its own, and of these the median: one stall of a machine that does other work too is not what a crowd does to users. */
function typicalP99(times: readonly number[]): number {
  const p99s = Array.from({ length: Math.floor(times.length / CLICKS_A_SECOND) }, (_, second) =>
    quantile(times.slice(second * CLICKS_A_SECOND, (second + 1) * CLICKS_A_SECOND), 0.99),
  )
  return median(p99s)
}

function reportGone({ report }: Suite, what: string, after: readonly number[], withinMs: number): void {
  const slowest = highest(after)
  report.promise(`${what}: all gone after`, seconds(slowest), `within ${seconds(withinMs)}`, slowest <= withinMs)
}

function crowdOf(port: number, size: number, beginning: string): Promise<number[]> {
  return Promise.all(
    Array.from({ length: size }, async (_, index) => {
      await setTimeout((index * ARRIVE_OVER_MS) / size)
      return stall(port, beginning)
    }),
  )
}

/** Says a byte a second until the connection ends; after how many milliseconds that was. */
async function stall(port: number, beginning: string): Promise<number> {
  const socket: Socket = connect(port, '127.0.0.1')
  const begun = performance.now()
  const ended = new Promise<number>((resolve) => {
    socket.resume().on('error', () => undefined)
    socket.once('close', () => {
      resolve(performance.now() - begun)
    })
  })
  socket.write(beginning)
  const timer = setInterval(() => socket.write('x'), BYTE_EVERY_MS)
  const afterMs = await ended
  clearInterval(timer)
  return afterMs
}

async function clickFor(port: number, isOver: () => boolean, ms: number): Promise<{ times: number[]; failed: number }> {
  const result = { times: new Array<number>(), failed: 0 }
  const until = performance.now() + ms
  await askAtPace({
    port,
    perSecond: CLICKS_A_SECOND,
    request: rawClick(JSON.stringify(CLICK_V2), { 'api-version': '2' }),
    isOver: () => isOver() || performance.now() > until,
    onAnswer: (answer, took) => {
      if (answer?.status !== 200) result.failed += 1
      result.times.push(took)
    },
  })
  return result
}
