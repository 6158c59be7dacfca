import { median } from '../../prove/support/figures.ts'

/** One figure, as often as it was taken: one value for each round. */
export type Samples = readonly number[]

export type Spread = { median: number; min: number; max: number }

export function spreadOf(samples: Samples): Spread {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) }
}

/** Within each round, so that what else the machine did then meets both alike; the median of that. */
export function ratio(samples: Samples, to: Samples): number {
  return median(ratios(samples, to))
}

export function ratios(samples: Samples, to: Samples): number[] {
  return samples.map((value, round) => value / (to[round] ?? NaN))
}
