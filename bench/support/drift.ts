import { bareClick, clicksWithKeys, ourClick } from '../contestants.ts'
import type { Bench } from './bench.ts'
import { draw, MANY_KEYS } from './growth.ts'
import type { Samples } from './samples.ts'

/** Memory and cost are looked at so often; the first part warms up. */
const PARTS = 10
/** Within a part, so that what else the machine does meets both alike. */
const TURNS = 5
/** So slow that the time of a job would end before its count is nobody. */
const LEAST_RATE = 100

/** Of each part, the warm-up first: our memory at its end, and what a click cost ours and the bare one, in microseconds of processor time. */
export type Drift = { requests: number; residentBytes: Samples; cpuMicros: Samples; bareCpuMicros: Samples }

/** Memory and cost of one gateway over very many clicks, whose data have different keys, beside a bare `node:http` that gets as many. */
export async function measureDrift(bench: Bench): Promise<Drift> {
  const clicks = clicksWithKeys(MANY_KEYS)
  const ours = await bench.start(ourClick('many clicks', clicks))
  const bare = await bench.start(bareClick('bare, many clicks', clicks))
  const maxRequests = Math.ceil(bench.plan.driftRequests / (PARTS * TURNS))
  const amount = { seconds: maxRequests / LEAST_RATE, maxRequests }
  const residentBytes: number[] = []
  const oursEach: number[] = []
  const bareEach: number[] = []
  for (let part = 0; part <= PARTS; part += 1) {
    bench.step(`memory: part ${part} of ${PARTS}`)
    const cost = { ours: 0, bare: 0 }
    for (let turn = 0; turn < TURNS; turn += 1) {
      cost.ours += (await draw(bench, ours, amount)).cpuMicros
      cost.bare += (await draw(bench, bare, amount)).cpuMicros
    }
    oursEach.push(cost.ours / TURNS)
    bareEach.push(cost.bare / TURNS)
    residentBytes.push(ours.residentBytes())
  }
  await ours.stop()
  await bare.stop()
  return { requests: maxRequests * TURNS * PARTS, residentBytes, cpuMicros: oursEach, bareCpuMicros: bareEach }
}
