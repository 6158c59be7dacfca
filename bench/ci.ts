import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { count, median } from '../prove/support/figures.ts'
import { ourClick } from './contestants.ts'
import { PLANS, withBench, type Bench } from './support/bench.ts'
import { countInstructions } from './support/counters.ts'

/**
 * Whether a click has become more expensive. Instructions, since time on a shared machine tells nothing about ten percent; where they cannot be
 * counted this is skipped. `--update` writes the baseline.
 */

const BASELINE = new URL('baseline.json', import.meta.url)
const MAY_GROW_BY = 0.1
const WARM_UP_REQUESTS = 50_000
const REQUESTS = 20_000
const TIMES = 5
/** Far more than so many take; every job is bounded in time. */
const SECONDS = 60

const { values } = parseArgs({ options: { update: { type: 'boolean', default: false } } })
const baseline = z
  .object({ instructionsPerClick: z.number().nullable() })
  .parse(JSON.parse(readFileSync(BASELINE, 'utf8'))).instructionsPerClick

const measured = await withBench(PLANS.short, (bench) =>
  bench.machine.counts ? instructionsPerClick(bench) : Promise.resolve(undefined),
)
if (measured === undefined) {
  say('skipped: this machine has no counters of instructions (perf stat -e instructions:u)')
} else if (values.update) {
  writeFileSync(BASELINE, `${JSON.stringify({ instructionsPerClick: Math.round(measured) })}\n`)
  say(`${count(measured)} instructions a click, the baseline from now on`)
} else if (baseline === null) {
  say(`skipped: there is no baseline yet; --update makes ${count(measured)} instructions a click the first`)
} else {
  const growth = measured / baseline - 1
  const isKept = growth <= MAY_GROW_BY
  say(
    `${count(measured)} instructions a click, ${count(baseline)} before: ${(growth * 100).toFixed(1)} %, ${isKept ? 'ok' : 'TOO MANY'}`,
  )
  process.exitCode = isKept ? 0 : 1
}

async function instructionsPerClick(bench: Bench): Promise<number> {
  const running = await bench.start(ourClick())
  await bench.load.run(running, { seconds: SECONDS, maxRequests: WARM_UP_REQUESTS })
  const each: number[] = []
  for (let time = 0; time < TIMES; time += 1) {
    const { result, instructions = NaN } = await countInstructions(bench.machine, running, () =>
      bench.load.run(running, { seconds: SECONDS, maxRequests: REQUESTS }),
    )
    each.push(instructions / result.answered)
  }
  return median(each)
}

function say(text: string): void {
  process.stdout.write(`bench:ci: ${text}\n`)
}
