import { setTimeout } from 'node:timers/promises'
import { median } from '../../prove/support/figures.ts'
import type { Bench } from './bench.ts'
import { countUnderCallgrind } from './callgrind.ts'
import type { Contestant, Running } from './contestant.ts'
import { countInstructions } from './counters.ts'
import type { Samples } from './samples.ts'

const SETTLES_MS = 500
/** At a new rate, and after a pause, everybody finds the way back first. */
const RUN_IN_S = 0.5

type Latency = { rate: number; p50: Samples; p99: Samples }

/** What was measured of one contestant on one path. */
export type Figures = {
  name: string
  /** Requests a second, as fast as answers come. */
  rates: Samples
  /** Of processor time for each request, in microseconds, user space and kernel. */
  cpuMicros: Samples
  /** In user space, for each request; none where the machine has no counters. */
  instructions: Samples
  /** At half of what it can do itself. */
  ownHalf: Latency
  /** At half of what ours can do, by turns; of the bare one and ours. */
  ourHalf: Latency | undefined
  idleBytes: number
  loadedBytes: number
}

type Drawn = {
  contestant: Contestant
  rates: number[]
  cpuMicros: number[]
  instructions: number[]
}

/**
 * Measures contestants on one path. Rounds go through all of them, beginning with another one each time, and in each round each of them is a
 * new process: two starts of one program differ by more than what is to be told apart. The first is the bare one, and the last is ours.
 */
export async function measurePath(bench: Bench, path: string, contestants: readonly Contestant[]): Promise<Figures[]> {
  const drawn: Drawn[] = contestants.map((contestant) => ({ contestant, rates: [], cpuMicros: [], instructions: [] }))
  for (let round = 0; round < bench.plan.rounds; round += 1) {
    bench.step(`${path}: round ${round + 1} of ${bench.plan.rounds}`)
    for (const one of rotated(drawn, round)) await drawRates(bench, one)
  }
  if (bench.plan.countsSlowly && bench.machine.counter === 'callgrind') {
    for (const { contestant, instructions } of drawn.filter((one) => one.contestant.isCountedSlowly)) {
      bench.step(`${path}: counting the instructions of ${contestant.name}`)
      instructions.push(await countUnderCallgrind(bench, contestant))
    }
  }
  return measureLatencies(bench, path, drawn)
}

async function drawRates(bench: Bench, { contestant, rates, cpuMicros, instructions: counted }: Drawn): Promise<void> {
  const running = await bench.start(contestant)
  await bench.load.run(running, { seconds: bench.plan.warmUpSeconds })
  running.forgetLog()
  const { result, instructions } = await countInstructions(bench.machine, running, async () => {
    const before = running.cpuMs()
    const { answered, seconds } = await bench.load.run(running, { seconds: bench.plan.roundSeconds })
    return { answered, seconds, cpuMs: running.cpuMs() - before }
  })
  await running.stop()
  rates.push(result.answered / result.seconds)
  cpuMicros.push((result.cpuMs * 1000) / result.answered)
  if (instructions !== undefined) counted.push(instructions / result.answered)
}

/** These run throughout, each idle while another is loaded: what they hold in the end is what they hold after much load. */
async function measureLatencies(bench: Bench, path: string, drawn: readonly Drawn[]): Promise<Figures[]> {
  const ours = drawn.at(-1)
  const ourRate = median(ours?.rates ?? []) / 2
  const latencies: Latencies[] = []
  for (const one of drawn) {
    bench.step(`${path}: starting ${one.contestant.name}`)
    const running = await bench.start(one.contestant)
    await setTimeout(SETTLES_MS)
    const idleBytes = running.residentBytes()
    await bench.load.run(running, { seconds: bench.plan.warmUpSeconds })
    latencies.push({
      one,
      running,
      idleBytes,
      ownHalf: { rate: median(one.rates) / 2, p50: [], p99: [] },
      ourHalf: one === drawn[0] || one === ours ? { rate: ourRate, p50: [], p99: [] } : undefined,
    })
  }
  await drawInTurn(bench, path, latencies)
  for (let round = 0; round < bench.plan.rounds; round += 1) {
    bench.step(`${path}: latency, round ${round + 1} of ${bench.plan.rounds}`)
    for (const { running, ownHalf } of rotated(latencies, round)) await drawLatency(bench, running, ownHalf)
  }
  const figures = latencies.map(({ one: { contestant, ...rates }, running, idleBytes, ownHalf, ourHalf }) => ({
    ...rates,
    name: contestant.name,
    idleBytes,
    ownHalf,
    ourHalf,
    loadedBytes: running.residentBytes(),
  }))
  for (const { running } of latencies) await running.stop()
  return figures
}

type Latencies = {
  one: Drawn
  running: Running
  idleBytes: number
  ownHalf: Drawing
  ourHalf: Drawing | undefined
}

type Drawing = { rate: number; p50: number[]; p99: number[] }

/** What is compared with each other is drawn one right after the other, by turns: who has just been idle answers slower than who has not. */
async function drawInTurn(bench: Bench, path: string, latencies: readonly Latencies[]): Promise<void> {
  const both = latencies.flatMap(({ running, ourHalf }) => (ourHalf === undefined ? [] : [{ running, ourHalf }]))
  for (let turn = 0; turn < bench.plan.turns; turn += 1) {
    bench.step(`${path}: latency by turns, ${turn + 1} of ${bench.plan.turns}`)
    for (const { running, ourHalf } of rotated(both, turn)) await drawLatency(bench, running, ourHalf)
  }
}

async function drawLatency(bench: Bench, running: Running, { rate, p50, p99 }: Drawing): Promise<void> {
  running.forgetLog()
  await bench.load.run(running, { seconds: RUN_IN_S, rate })
  const loaded = await bench.load.run(running, { seconds: bench.plan.latencySeconds, rate })
  p50.push(loaded.p50)
  p99.push(loaded.p99)
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
