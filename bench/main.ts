import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runCommand } from '../prove/support/children.ts'
import { wholeNumber } from '../prove/support/whole-number.ts'
import { chaptersOf, INTRO, WHAT_IS_LEFT } from './chapters.ts'
import { clickContestants, sendContestants } from './contestants.ts'
import { PLANS, withBench, type Bench } from './support/bench.ts'
import { describeMachine, drawRates, printChapter, writeDocument } from './support/document.ts'
import { measureDrift } from './support/drift.ts'
import { measureGrowth } from './support/growth.ts'
import { measurePath } from './support/path.ts'
import { measureStarts } from './support/starts.ts'
import type { Results } from './support/targets.ts'

/** How fast the gateway is, beside what else would do the same work, on this machine and today's code. */

const PARTS: readonly string[] = ['click', 'send', 'start', 'growth', 'drift']

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    'drift-requests': { type: 'string' },
    rounds: { type: 'string' },
  },
})
const form = values.short ? PLANS.short : PLANS.full
const { rounds, 'drift-requests': driftRequests } = values
const plan = {
  ...form,
  rounds: rounds === undefined ? form.rounds : wholeNumber('rounds', rounds),
  driftRequests: driftRequests === undefined ? form.driftRequests : wholeNumber('drift-requests', driftRequests),
  countsSlowly: form.countsSlowly || values.write,
}
const unknownPart = values.only?.find((part) => !PARTS.includes(part))
if (unknownPart !== undefined) throw new Error(`--only: expected ${PARTS.join(', ')}`)

if (!existsSync(new URL('node_modules', import.meta.url))) await installPeers()
const { machine, results } = await withBench(plan, async (bench) => ({
  machine: describeMachine(bench.machine),
  results: await measure(bench),
}))
const chapters = chaptersOf(results)
process.stdout.write(`${machine}\n`)
for (const chapter of chapters) printChapter(chapter)
// A part is not written: the document tells of one run. A short one says little, and is written where that is asked.
if ((!values.short || values.write) && values.only === undefined) {
  if (results.click) await drawRates('performance-click.svg', 'Clicks a second on one core', results.click, noteOf())
  if (results.send) await drawRates('performance-send.svg', 'Sends a second on one core', results.send, noteOf())
  const basis = `Medians of ${plan.rounds} rounds${values.short ? ' (the short form)' : ''}.`
  await writeDocument(`${INTRO}\n\n${machine} ${basis}`, chapters, WHAT_IS_LEFT)
  process.stdout.write('\nwritten: docs/performance.md\n')
}

async function measure(bench: Bench): Promise<Results> {
  const wants = (part: string) => values.only === undefined || values.only.includes(part)
  const [bare] = clickContestants
  const ours = clickContestants.at(-1)
  if (bare === undefined || ours === undefined) throw new Error('nobody takes part')
  return {
    ...(wants('click') && { click: await measurePath(bench, 'click', clickContestants) }),
    ...(wants('send') && {
      send: await measurePath(bench, 'send', sendContestants(bench.load.platformPort, bench.folder)),
    }),
    ...(wants('start') && { starts: await measureStarts(bench, bare, ours) }),
    ...(wants('growth') && { growth: await measureGrowth(bench) }),
    ...(wants('drift') && { drift: await measureDrift(bench) }),
  }
}

function noteOf(): string {
  return `50 connections, medians of ${plan.rounds} rounds, Node ${process.version.slice(1)}. Longer is better.`
}

/** Whom we are measured against is no dependency of ours. */
async function installPeers(): Promise<void> {
  process.stdout.write('installing whom to measure against, in bench/node_modules\n')
  await runCommand('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  })
}
