/** How durations were spread, in seconds: what lies at or below each bound, the sum, and how many there were. */
export type SpreadReading = { buckets: readonly { le: number; count: number }[]; sum: number; count: number }

/** Counts durations by buckets, in plain numbers. What is counted is turned into a metric only when somebody asks. */
export class Spread {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** @param bounds in seconds, upward */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    // One more, for what lies beyond the last bound.
    this.#counts = [...bounds, Infinity].map(() => 0)
  }

  observe(seconds: number): void {
    let at = 0
    while (seconds > (this.#bounds[at] ?? Infinity)) at += 1
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += seconds
    this.#count += 1
  }

  read(): SpreadReading {
    let below = 0
    const buckets = this.#bounds.map((le, at) => ({ le, count: (below += this.#counts[at] ?? 0) }))
    return { buckets, sum: this.#sum, count: this.#count }
  }
}
