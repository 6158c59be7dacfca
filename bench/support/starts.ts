import type { Bench } from './bench.ts'
import type { Contestant } from './contestant.ts'
import type { Samples } from './samples.ts'

/** From the spawn to the first right answer in milliseconds, again and again, in turns. */
export async function measureStarts(
  bench: Bench,
  bare: Contestant,
  ours: Contestant,
): Promise<Record<'bare' | 'ours', Samples>> {
  const starts: Record<'bare' | 'ours', number[]> = { bare: [], ours: [] }
  for (let spawn = 0; spawn < bench.plan.spawns; spawn += 1) {
    bench.step(`starts: ${spawn + 1} of ${bench.plan.spawns}`)
    starts.bare.push(await measureStart(bench, bare))
    starts.ours.push(await measureStart(bench, ours))
  }
  return starts
}

async function measureStart(bench: Bench, contestant: Contestant): Promise<number> {
  const running = await bench.start(contestant)
  await running.stop()
  return running.firstAnswerMs
}
