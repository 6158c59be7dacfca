import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Linux counts processor time in these, whatever the kernel's own clock is. */
const MS_PER_TICK = 10

type Ticks = { busy: number; all: number }

/** Measures which share of all processors was busy since it was made: with this program, its databases, and whatever else ran. */
export function watchProcessors(): () => number {
  const before = ticks()
  return () => {
    const after = ticks()
    return (after.busy - before.busy) / (after.all - before.all)
  }
}

function ticks(): Ticks {
  const times = cpus().map((one) => one.times)
  const idle = times.reduce((sum, one) => sum + one.idle, 0)
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0)
  return { busy, all: busy + idle }
}

/** Processor time of a process and all of its threads since its start, in user space and in the kernel. */
export function cpuMsOf(pid: number): number {
  // After the name in parentheses, which may contain spaces, user time is the 12th field and kernel time the 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}
