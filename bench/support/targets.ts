import { median } from '../../prove/support/figures.ts'
import type { Drift } from './drift.ts'
import type { Compared } from './growth.ts'
import type { Figures } from './path.ts'
import { ratio, ratios, type Samples } from './samples.ts'

/** All that was measured; what was left out is not there. */
export type Results = {
  click?: Figures[]
  send?: Figures[]
  starts?: Record<'bare' | 'ours', Samples>
  growth?: Compared[]
  drift?: Drift
}

/** What we want of ours, and what it is. */
export type Target = { what: string; value: number; limit: number; wants: 'at least' | 'at most'; isMet: boolean }

export function targetsOf({ click, send, starts, growth, drift }: Results): Target[] {
  return [
    ...(click ? clickTargets(click) : []),
    ...(send ? sendTargets(send) : []),
    ...(starts ? startTargets(starts) : []),
    ...(growth ?? [])
      .filter(({ isOurs }) => isOurs)
      .map(({ what, few, many }) =>
        target(`cost of ${what}: the second to the first`, ratio(many.cpuMicros, few.cpuMicros), 'at most', 1.1),
      ),
    ...(drift ? driftTargets(drift) : []),
  ]
}

function clickTargets(click: readonly Figures[]): Target[] {
  const [bare, ours] = endsOf(click)
  const fastify = click.find(({ name }) => name.startsWith('fastify'))
  const bolt = click
    .filter(({ name }) => name.startsWith('Bolt'))
    .toSorted((one, other) => median(other.rates) - median(one.rates))[0]
  return [
    target('clicks a second, to bare node:http', shareOf(ours, bare), 'at least', 0.55),
    ...(ours.instructions.length > 0
      ? [
          target(
            'instructions of a click, to bare node:http',
            median(ours.instructions) / median(bare.instructions),
            'at most',
            1.8,
          ),
        ]
      : []),
    ...(fastify ? [target('clicks a second, to fastify without a log', shareOf(ours, fastify), 'at least', 0.75)] : []),
    ...(bolt ? [target("clicks a second, to Bolt's better receiver", shareOf(ours, bolt), 'at least', 3)] : []),
    target('p99 of a click at half load, to bare node:http', p99Ratio(ours, bare), 'at most', 1.5),
    target('resident memory after the load, to bare node:http', ours.loadedBytes / bare.loadedBytes, 'at most', 2),
  ]
}

function sendTargets(send: readonly Figures[]): Target[] {
  const [bare, ours] = endsOf(send)
  return [target('sends a second, to bare + undici Pool', shareOf(ours, bare), 'at least', 0.8)]
}

function startTargets({ bare, ours }: Record<'bare' | 'ours', Samples>): Target[] {
  return [
    target('milliseconds from the spawn to the first answer', median(ours), 'at most', 400),
    target('the same, to bare node:http', ratio(ours, bare), 'at most', 6),
  ]
}

/** The second half of the run against the first: what grows goes on growing. */
function driftTargets({ residentBytes, cpuMicros, bareCpuMicros }: Drift): Target[] {
  const half = Math.ceil(residentBytes.length / 2)
  const growthOf = (samples: Samples) => median(samples.slice(half)) / median(samples.slice(1, half))
  return [
    target('memory of many clicks, second half to first', growthOf(residentBytes), 'at most', 1.1),
    target(
      'cost of many clicks to bare node:http, second half to first',
      growthOf(ratios(cpuMicros, bareCpuMicros)),
      'at most',
      1.1,
    ),
  ]
}

export function endsOf(figures: readonly Figures[]): [bare: Figures, ours: Figures] {
  const [bare] = figures
  const ours = figures.at(-1)
  if (bare === undefined || ours === undefined) throw new Error('a path without contestants')
  return [bare, ours]
}

/** By rate or by processor time, whichever is worse for us: a load too slow to keep the other's core busy must not flatter ours. */
function shareOf(ours: Figures, other: Figures): number {
  return Math.min(ratio(ours.rates, other.rates), ratio(other.cpuMicros, ours.cpuMicros))
}

function p99Ratio(ours: Figures, bare: Figures): number {
  return ratio(ours.ourHalf?.p99 ?? [], bare.ourHalf?.p99 ?? [])
}

function target(what: string, value: number, wants: Target['wants'], limit: number): Target {
  return { what, value, limit, wants, isMet: wants === 'at least' ? value >= limit : value <= limit }
}
