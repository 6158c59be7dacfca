import { ownSqlite } from '../support/databases.ts'
import { environment, KEYS } from '../support/environment.ts'
import { count, milliseconds, quantile } from '../support/figures.ts'
import { spawnGateway } from '../support/gateway.ts'
import { startTakingPlatform } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { rawRequest, Wire } from '../support/wire.ts'

/**
 * Whether a key that is wrong at its first byte is refused sooner than one that is wrong at its last. Both come over one connection, in an
 * order drawn by lot, and Welch's t tells whether their means differ by more than chance. As dudect does it, t is taken of all times and of
 * times cropped at rising percentiles of all of them together: a leak of nanoseconds hides behind the few that the machine's scheduler made
 * long. The largest |t| counts.
 */

const TRIES = { short: 10_000, full: 100_000 }
const WARM_UP = 2000
const LIMIT = 4.5
/** How many croppings; the p-th keeps what is below the quantile 1 - 0.5 ^ (10 p / CROPPINGS). */
const CROPPINGS = 20

type Door = { title: string; request: (key: string) => Buffer; key: string }

const DOORS: readonly Door[] = [
  {
    title: 'POST /divar/session',
    request: (key) => rawRequest('POST', '/divar/session', { authorization: key }),
    key: KEYS.identification,
  },
  {
    title: 'POST /messages',
    request: (key) => rawRequest('POST', '/messages', { 'x-api-key': key }),
    key: KEYS.caller,
  },
]

export async function proveTiming(suite: Suite): Promise<void> {
  const platform = await startTakingPlatform(suite)
  const variables = environment(platform, ownSqlite(suite.folder).url, { WRONG_KEYS_PER_MINUTE: '0' })
  const gateway = spawnGateway(suite, variables)
  const { port } = await gateway.ready
  for (const door of DOORS) await prove(suite, port, door)
  await gateway.stop()
}

async function prove(suite: Suite, port: number, { title, request, key }: Door): Promise<void> {
  const { report, random, short } = suite
  const tries = short ? TRIES.short : TRIES.full
  const requests = [request(`#${key.slice(1)}`), request(`${key.slice(0, -1)}#`)]
  // Written from one place in memory: where two of them lie would be a difference of ours.
  const sent = Buffer.alloc(request(key).length)
  const times: [number[], number[]] = [[], []]
  const wire = await Wire.open(port)
  let notRefused = 0
  for (let made = -WARM_UP; made < tries; made += 1) {
    if (made % 1000 === 0) suite.step(`timing of ${title}: ${count(made)} of ${count(tries)}`)
    const kind = random.chance(0.5) ? 1 : 0
    sent.set(requests[kind] ?? sent)
    const begun = process.hrtime.bigint()
    const answer = await wire.ask(sent)
    const took = Number(process.hrtime.bigint() - begun)
    if (answer?.status !== 401) notRefused += 1
    if (made >= 0) times[kind].push(took)
  }
  wire.close()

  const [first, last] = times
  const t = largestT(first, last)
  report.section(`timing of wrong keys at ${title}: ${count(tries)} tries on one connection`)
  report.none('not refused with 401', notRefused)
  report.figure('median, wrong at the first byte', milliseconds(quantile(first, 0.5) / 1e6))
  report.figure('median, wrong at the last byte', milliseconds(quantile(last, 0.5) / 1e6))
  report.promise("Welch's |t|, the largest of all croppings", t.toFixed(2), `below ${LIMIT}`, t < LIMIT)
}

function largestT(first: readonly number[], last: readonly number[]): number {
  const all = [...first, ...last]
  const bounds = Array.from({ length: CROPPINGS }, (_, index) =>
    quantile(all, 1 - 0.5 ** ((10 * (index + 1)) / CROPPINGS)),
  )
  return Math.max(
    ...[Infinity, ...bounds].map((bound) =>
      Math.abs(
        welch(
          first.filter((time) => time < bound),
          last.filter((time) => time < bound),
        ),
      ),
    ),
  )
}

function welch(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [momentsOf(one), momentsOf(other)]
  return (a.mean - b.mean) / Math.sqrt(a.variance / one.length + b.variance / other.length)
}

function momentsOf(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) }
}
