import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProgress } from '../../prove/support/progress.ts'
import { startContestant, type Contestant, type Running } from './contestant.ts'
import { startLoad, type Load } from './load.ts'
import { lookAtMachine, stepAside, type Machine } from './machine.ts'

/** How much is done: enough to rely on, or just enough to see that it works. */
export type Plan = {
  rounds: number
  warmUpSeconds: number
  roundSeconds: number
  latencySeconds: number
  /** How often the latencies are drawn that are compared with each other. */
  turns: number
  spawns: number
  /** Whether to count instructions where that takes minutes for each contestant. */
  countsSlowly: boolean
  /** In the run that looks whether memory stays where it is. */
  driftRequests: number
}

export const PLANS: Record<'full' | 'short', Plan> = {
  full: {
    rounds: 9,
    warmUpSeconds: 4,
    roundSeconds: 3,
    latencySeconds: 3,
    turns: 30,
    spawns: 15,
    countsSlowly: true,
    driftRequests: 1_000_000,
  },
  short: {
    rounds: 3,
    warmUpSeconds: 4,
    roundSeconds: 2,
    latencySeconds: 2,
    turns: 8,
    spawns: 3,
    countsSlowly: false,
    driftRequests: 200_000,
  },
}

/** What every measurement works with. */
export type Bench = {
  machine: Machine
  plan: Plan
  load: Load
  /** Of this run's own; gone when it ends. */
  folder: string
  /** Says what is under way. */
  step: (what: string) => void
  start: (contestant: Contestant) => Promise<Running>
}

/** Whatever comes of the work, nothing that was started for it outlives it. */
export async function withBench<Result>(plan: Plan, work: (bench: Bench) => Promise<Result>): Promise<Result> {
  const machine = await lookAtMachine()
  await stepAside(machine)
  const folder = await mkdtemp(join(tmpdir(), 'kenar-bench-'))
  const progress = createProgress()
  const running = new Set<Running>()
  const load = await startLoad(machine)
  const start = async (contestant: Contestant) => {
    const started = await startContestant(contestant, machine, folder)
    const own: Running = {
      ...started,
      stop: () => {
        running.delete(own)
        return started.stop()
      },
    }
    running.add(own)
    return own
  }
  try {
    return await work({ machine, plan, load, folder, step: progress.tell, start })
  } finally {
    progress.end()
    await Promise.all([...running].map((one) => one.stop()))
    await load.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
