import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { count, median } from '../prove/support/figures.ts'
import { ourClick } from './contestants.ts'
import { countUnderCallgrind } from './support/callgrind.ts'
import { PLANS, withBench, type Bench } from './support/bench.ts'
import { countInstructions } from './support/counters.ts'

/**
 * Whether a click has become more expensive. Instructions, since time on a shared machine tells nothing about ten percent; counted by the
 * processor, or by valgrind, which takes some minutes; where there is neither this is skipped. The two count alike but not the same, so each has
 * its own baseline. `--update` writes it.
 */

const BASELINE = new URL('baseline.json', import.meta.url)
const MAY_GROW_BY = 0.1
const WARM_UP_REQUESTS = 50_000
const REQUESTS = 20_000
const TIMES = 5
/** Far more than so many take; every job is bounded in time. */
const SECONDS = 60

const { values } = parseArgs({ options: { update: { type: 'boolean', default: false } } })
const baselines = z
  .object({ perf: z.number().nullable(), callgrind: z.number().nullable() })
  .parse(JSON.parse(readFileSync(BASELINE, 'utf8')))

const { counter, measured } = await withBench(PLANS.short, async (bench) => ({
  counter: bench.machine.counter,
  measured: await instructionsPerClick(bench),
}))
const baseline = counter && baselines[counter]
if (counter === undefined || measured === undefined) {
  say('skipped: this machine has neither counters of instructions (perf stat -e instructions:u) nor valgrind')
} else if (values.update) {
  writeFileSync(BASELINE, `${JSON.stringify({ ...baselines, [counter]: Math.round(measured) }, null, 2)}\n`)
  say(`${count(measured)} instructions a click, the baseline of ${counter} from now on`)
} else if (typeof baseline !== 'number') {
  say(
    `skipped: there is no baseline of ${counter} yet; --update makes ${count(measured)} instructions a click the first`,
  )
} else {
  const growth = measured / baseline - 1
  const isKept = growth <= MAY_GROW_BY
  say(
    `${count(measured)} instructions a click, ${count(baseline)} before: ${(growth * 100).toFixed(1)} %, ${isKept ? 'ok' : 'TOO MANY'}`,
  )
  process.exitCode = isKept ? 0 : 1
}

async function instructionsPerClick(bench: Bench): Promise<number | undefined> {
  if (bench.machine.counter === undefined) return undefined
  if (bench.machine.counter === 'callgrind') return countUnderCallgrind(bench, ourClick())
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
