import { setTimeout } from 'node:timers/promises'
import { median } from '../../prove/support/figures.ts'
import type { Bench } from './bench.ts'
import type { Contestant, Running } from './contestant.ts'
import { countInstructions } from './counters.ts'
import type { Samples } from './samples.ts'

const SETTLES_MS = 500

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
  /** At half of what ours can do; of the bare one and ours. */
  ourHalf: Latency | undefined
  idleBytes: number
  loadedBytes: number
}

type Drawn = {
  running: Running
  idleBytes: number
  rates: number[]
  cpuMicros: number[]
  instructions: number[]
}

/**
 * Measures contestants on one path. All of them run throughout, each idle while another is loaded; rounds go through all of them, beginning with
 * another one each time. The first is the bare one, and the last is ours.
 */
export async function measurePath(bench: Bench, path: string, contestants: readonly Contestant[]): Promise<Figures[]> {
  const drawn: Drawn[] = []
  for (const contestant of contestants) {
    bench.step(`${path}: starting ${contestant.name}`)
    const running = await bench.start(contestant)
    await setTimeout(SETTLES_MS)
    drawn.push({ running, idleBytes: running.residentBytes(), rates: [], cpuMicros: [], instructions: [] })
  }
  for (const { running } of drawn) await bench.load.run(running, { seconds: bench.plan.warmUpSeconds })
  for (let round = 0; round < bench.plan.rounds; round += 1) {
    bench.step(`${path}: round ${round + 1} of ${bench.plan.rounds}`)
    for (const one of rotated(drawn, round)) await drawRates(bench, one)
  }
  const figures = await measureLatencies(bench, path, drawn)
  for (const { running } of drawn) await running.stop()
  return figures
}

async function drawRates(bench: Bench, { running, rates, cpuMicros, instructions: counted }: Drawn): Promise<void> {
  running.forgetLog()
  const { result, instructions } = await countInstructions(bench.machine, running, async () => {
    const before = running.cpuMs()
    const { answered, seconds } = await bench.load.run(running, { seconds: bench.plan.roundSeconds })
    return { answered, seconds, cpuMs: running.cpuMs() - before }
  })
  rates.push(result.answered / result.seconds)
  cpuMicros.push((result.cpuMs * 1000) / result.answered)
  if (instructions !== undefined) counted.push(instructions / result.answered)
}

async function measureLatencies(bench: Bench, path: string, drawn: readonly Drawn[]): Promise<Figures[]> {
  const ours = drawn.at(-1)
  const ourRate = median(ours?.rates ?? []) / 2
  const latencies = drawn.map((one) => ({
    one,
    ownHalf: { rate: median(one.rates) / 2, p50: [], p99: [] },
    ourHalf: one === drawn[0] || one === ours ? { rate: ourRate, p50: [], p99: [] } : undefined,
  }))
  for (let round = 0; round < bench.plan.rounds; round += 1) {
    bench.step(`${path}: latency, round ${round + 1} of ${bench.plan.rounds}`)
    for (const { one, ownHalf, ourHalf } of rotated(latencies, round)) {
      await drawLatency(bench, one.running, ownHalf)
      if (one === ours && ourHalf !== undefined) copyLast(ownHalf, ourHalf)
      else if (ourHalf !== undefined) await drawLatency(bench, one.running, ourHalf)
    }
  }
  return latencies.map(({ one: { running, ...one }, ownHalf, ourHalf }) => ({
    ...one,
    name: running.contestant.name,
    ownHalf,
    ourHalf,
    loadedBytes: running.residentBytes(),
  }))
}

type Drawing = { rate: number; p50: number[]; p99: number[] }

async function drawLatency(bench: Bench, running: Running, { rate, p50, p99 }: Drawing): Promise<void> {
  running.forgetLog()
  const loaded = await bench.load.run(running, { seconds: bench.plan.latencySeconds, rate })
  p50.push(loaded.p50)
  p99.push(loaded.p99)
}

/** Ours at half of what ours can do is one and the same. */
function copyLast(from: Drawing, to: Drawing): void {
  to.p50.push(...from.p50.slice(-1))
  to.p99.push(...from.p99.slice(-1))
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}
