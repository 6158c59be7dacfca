import { readdirSync, readFileSync } from 'node:fs'
import { setInterval } from 'node:timers'

const MIB = 1024

/** What a process holds in memory, in MiB, as Linux counts it. */
export function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / MIB
}

function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

export type Sample = { at: number; mib: number; descriptors: number }

/** Samples a process at an interval until it is stopped. */
export function watchProcess(pid: number, everyMs: number): { samples: Sample[]; stop: () => void } {
  const samples: Sample[] = []
  const begun = performance.now()
  const look = () => {
    samples.push({
      at: (performance.now() - begun) / 1000,
      mib: residentMib(pid),
      descriptors: openDescriptors(pid),
    })
  }
  look()
  const timer = setInterval(look, everyMs)
  return {
    samples,
    stop: () => {
      clearInterval(timer)
    },
  }
}

/** By how much the straight line through the points rises from the first to the last. */
export function riseOf(points: readonly { x: number; y: number }[]): number {
  const [first, last] = [points.at(0), points.at(-1)]
  if (first === undefined || last === undefined || points.length < 2) return NaN
  const mean = (pick: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length
  const [middleX, middleY] = [mean(({ x }) => x), mean(({ y }) => y)]
  const together = points.reduce((sum, { x, y }) => sum + (x - middleX) * (y - middleY), 0)
  const alone = points.reduce((sum, { x }) => sum + (x - middleX) ** 2, 0)
  return (together / alone) * (last.x - first.x)
}
