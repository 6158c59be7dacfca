import { bareClick, clicksWithKeys, ourClick, ourSend } from '../contestants.ts'
import type { Bench } from './bench.ts'
import type { Contestant, Running } from './contestant.ts'

const FEW_KEYS = 10
export const MANY_KEYS = 10_000
const MANY_CALLERS = 1000

/** Requests a second beside little and beside much of something, and the processor time of each. */
export type Compared = { what: string; isOurs: boolean; few: Cost; many: Cost }
export type Cost = { rates: number[]; cpuMicros: number[] }

/** What state could cost: keys in the data of clicks, and callers. */
export async function measureGrowth(bench: Bench): Promise<Compared[]> {
  const { platformPort } = bench.load
  const few = clicksWithKeys(FEW_KEYS)
  const many = clicksWithKeys(MANY_KEYS)
  const keys = `${FEW_KEYS} and ${MANY_KEYS.toLocaleString('en')} different keys in the data of clicks`
  const callers = `1 and ${MANY_CALLERS.toLocaleString('en')} callers`
  return [
    await compare(bench, `a click, with ${keys}`, ourClick('few keys', few), ourClick('many keys', many)),
    // V8 keeps a shape for each new set of keys that it parses: some of this is nobody's but its own.
    await compare(
      bench,
      'the same of bare node:http',
      bareClick('bare, few', few),
      bareClick('bare, many', many),
      false,
    ),
    await compare(
      bench,
      `a send, with ${callers}`,
      ourSend('one caller', platformPort),
      ourSend('many callers', platformPort, MANY_CALLERS),
    ),
  ]
}

async function compare(
  bench: Bench,
  what: string,
  few: Contestant,
  many: Contestant,
  isOurs = true,
): Promise<Compared> {
  const compared: Compared = {
    what,
    isOurs,
    few: { rates: [], cpuMicros: [] },
    many: { rates: [], cpuMicros: [] },
  }
  const pair = [
    { running: await bench.start(few), cost: compared.few },
    { running: await bench.start(many), cost: compared.many },
  ]
  for (const { running } of pair) await bench.load.run(running, { seconds: bench.plan.warmUpSeconds })
  for (let round = 0; round < bench.plan.rounds; round += 1) {
    bench.step(`${what}: round ${round + 1} of ${bench.plan.rounds}`)
    for (const { running, cost } of round % 2 === 0 ? pair : pair.toReversed()) {
      const { rate, cpuMicros } = await draw(bench, running, { seconds: bench.plan.roundSeconds })
      cost.rates.push(rate)
      cost.cpuMicros.push(cpuMicros)
    }
  }
  for (const { running } of pair) await running.stop()
  return compared
}

/** Requests a second, and the processor time of each in microseconds. */
export async function draw(
  bench: Bench,
  running: Running,
  amount: { seconds: number; maxRequests?: number },
): Promise<{ rate: number; cpuMicros: number }> {
  running.forgetLog()
  const before = running.cpuMs()
  const { answered, seconds } = await bench.load.run(running, amount)
  return { rate: answered / seconds, cpuMicros: ((running.cpuMs() - before) * 1000) / answered }
}
