import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startChild } from './support/children.ts'
import { seconds } from './support/figures.ts'

/** Runs every suite in full, one after the other; with `--short`, those that need no full run, two at a time. Names of suites run only these. */

/** The longest first, so that the last two end at about the same time. A short run checks what is kept, not how fast it is. */
const SHORT = [
  'crash',
  'replicas',
  'abuse',
  'faults',
  'retention',
  'trouble',
  'upgrade',
  'rotation',
  'deliveries',
  'powercut',
  'bulk-retry',
  'stop',
]
/** They measure rates, costs and memory, which a short run beside another one cannot. */
const ONLY_FULL = ['growth', 'pacing', 'throughput', 'soak']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, seed: { type: 'string' }, database: { type: 'string' } },
})
const { short, ...passedOn } = values
const args = [
  ...(short ? ['--short'] : []),
  ...Object.entries(passedOn).flatMap(([name, value]) => [`--${name}`, value]),
]

const all = short ? SHORT : [...SHORT, ...ONLY_FULL]
for (const name of positionals) if (!all.includes(name)) throw new Error(`${name}: expected one of ${all.join(', ')}`)
const waiting = positionals.length === 0 ? [...all] : positionals
const running = new Set<ChildProcess>()
const results: string[] = []
const state = { isBroken: false }
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    state.isBroken = true
    waiting.length = 0
    // An interrupted suite tidies up first; this waits for it.
    for (const child of running) child.kill(signal)
  })
}
await Promise.all(Array.from({ length: short ? 2 : 1 }, runWaiting))
process.stdout.write(`${results.join('\n')}\n`)
process.exitCode = state.isBroken ? 1 : 0

async function runWaiting(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await run(name)
}

/** Prints what a suite says when it ends, so that two that run together do not mix. */
async function run(name: string): Promise<void> {
  const begun = performance.now()
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const child = startChild(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk) => (output += String(chunk)))
  running.add(child)
  await once(child, 'close')
  running.delete(child)
  if (child.exitCode !== 0) state.isBroken = true
  process.stdout.write(`${output}\n`)
  const last = output.trim().split('\n').at(-1) ?? ''
  const verdict = last.startsWith(`${name}:`) ? last : `${name}: ended early`
  results.push(`${verdict.padEnd(40)} ${seconds(performance.now() - begun)}`)
}
