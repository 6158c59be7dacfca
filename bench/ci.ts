import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { runCommand } from '../prove/support/children.ts'
import { count } from '../prove/support/figures.ts'
import { click, gateway } from './servers.ts'
import { runLoad } from './support/load.ts'
import { startServer } from './support/server.ts'

/**
 * Fails when a click executes 10 % more instructions than in baseline.json (`--update` writes it). Time on a shared machine cannot show 10 %;
 * instructions counted by valgrind hardly differ between machines. Only the main thread counts: when V8's compiler and collector threads run is
 * chance.
 */

const BASELINE = new URL('baseline.json', import.meta.url)
const MAY_GROW_BY = 0.1
/** V8 throws code away when connections end and compiles it again; after one long warm-up counts were up to 16 % too high. */
const WARM_UPS = 4
const WARM_UP_REQUESTS = 15_000
const REQUESTS = 5_000
/** valgrind and its control program find each other by these two. */
const NAMES = { USER: 'bench', HOST: '127.0.0.1' }

const { values } = parseArgs({ options: { update: { type: 'boolean', default: false } } })
const baseline = z.object({ click: z.number() }).parse(JSON.parse(readFileSync(BASELINE, 'utf8'))).click
const hasValgrind = await runCommand('callgrind_control', ['--version']).then(
  () => true,
  () => false,
)
if (!hasValgrind) say('skipped: valgrind is not installed')
else if (values.update) {
  const measured = Math.round(await countInstructions())
  writeFileSync(BASELINE, `${JSON.stringify({ click: measured }, null, 2)}\n`)
  say(`the baseline is ${count(measured)} instructions for a click now`)
} else {
  const measured = await countInstructions()
  const growth = measured / baseline - 1
  const isKept = growth <= MAY_GROW_BY
  say(
    `${count(measured)} instructions for a click, ${count(baseline)} in the baseline: ${(growth * 100).toFixed(1)} % more, ${isKept ? 'ok' : 'TOO MANY'}`,
  )
  process.exitCode = isKept ? 0 : 1
}

async function countInstructions(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'kenar-bench-'))
  const out = join(folder, 'callgrind')
  const prefix = `--vgdb-prefix=${join(folder, 'vgdb')}`
  const server = gateway(NAMES, click)
  const options = [
    '--tool=callgrind',
    '--separate-threads=yes',
    '--smc-check=all-non-file',
    `--callgrind-out-file=${out}`,
  ]
  const running = await startServer({ ...server, command: ['valgrind', ...options, prefix, ...server.command] }, folder)
  const names = Object.entries(NAMES).map(([name, value]) => `${name}=${value}`)
  const control = (what: string) =>
    runCommand('env', [...names, 'callgrind_control', prefix, what, String(running.pid)])
  try {
    for (let warmUp = 0; warmUp < WARM_UPS; warmUp += 1) {
      await runLoad(running.port, click(), { maxRequests: WARM_UP_REQUESTS })
    }
    await control('--zero')
    const { answered } = await runLoad(running.port, click(), { maxRequests: REQUESTS })
    await control('--dump')
    const counted = /^summary: (\d+)/m.exec(await readFile(`${out}.1-01`, 'utf8'))?.[1]
    if (counted === undefined) throw new Error('callgrind counted nothing')
    return Number(counted) / answered
  } finally {
    await running.stop()
    await rm(folder, { recursive: true })
  }
}

function say(text: string): void {
  process.stdout.write(`bench:ci: ${text}\n`)
}
