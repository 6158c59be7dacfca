import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startChild } from './support/children.ts'
import { seconds } from './support/figures.ts'

/** Every suite in its short form, one after the other; what is given goes on to each of them. */

const SUITES = [
  'faults',
  'crash',
  'powercut',
  'replicas',
  'growth',
  'throughput',
  'rotation',
  'upgrade',
  'abuse',
  'stop',
  'trouble',
  'soak',
] as const

const { values } = parseArgs({ options: { seed: { type: 'string' }, database: { type: 'string' } } })
const handedOn = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value])

const results: string[] = []
const state = { broken: false, interrupted: false }
let running: ChildProcess | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // A suite that is interrupted tidies up first; this waits for it.
  process.on(signal, () => {
    state.interrupted = true
    running?.kill(signal)
  })
}
for (const name of SUITES) {
  if (state.interrupted) break
  const begun = performance.now()
  const child = startChild(
    process.execPath,
    [fileURLToPath(new URL(`${name}.ts`, import.meta.url)), '--short', ...handedOn],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    output += String(chunk)
    process.stdout.write(String(chunk))
  })
  running = child
  await once(child, 'close')
  if (child.exitCode !== 0) state.broken = true
  const verdict = output.trim().split('\n').at(-1) ?? ''
  results.push(
    `${(verdict.startsWith(`${name}:`) ? verdict : `${name}: ended early`).padEnd(40)} ${seconds(performance.now() - begun)}`,
  )
  process.stdout.write('\n')
}
process.stdout.write(`${results.join('\n')}\n`)
process.exitCode = state.broken || state.interrupted ? 1 : 0
