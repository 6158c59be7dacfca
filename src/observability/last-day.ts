const SLICE_MS = 10 * 60 * 1000
const SLICES = 24 * 6
/** What an error counts as, in milliseconds: Divar's rule for apps counts it as a time-out. */
const ERROR_MS = 5000
/** Upper bounds in milliseconds: each 15 % above the one before. */
const BOUNDS = Array.from({ length: 62 }, (_, at) => Math.min(1.15 ** at, ERROR_MS))

type Slice = { number: number; errors: number; counts: number[] }

/** `p99Ms` is null without calls. */
type DayReading = { count: number; errors: number; errorShare: number; p99Ms: number | null }

/** Counts calls and their durations over the last 24 hours, in slices of ten minutes, by the monotonic clock. */
export class LastDay {
  readonly #slices: Slice[] = []

  observe(ms: number, isError: boolean): void {
    const number = sliceNow()
    let slice = this.#slices.at(-1)
    if (slice?.number !== number) {
      slice = { number, errors: 0, counts: BOUNDS.map(() => 0) }
      this.#slices.push(slice)
      this.#forgetOld()
    }
    const counted = isError ? ERROR_MS : ms
    const found = BOUNDS.findIndex((bound) => counted <= bound)
    const at = found < 0 ? BOUNDS.length - 1 : found
    slice.counts[at] = (slice.counts[at] ?? 0) + 1
    if (isError) slice.errors += 1
  }

  read(): DayReading {
    this.#forgetOld()
    const counts = BOUNDS.map((_, at) => this.#slices.reduce((sum, slice) => sum + (slice.counts[at] ?? 0), 0))
    const count = counts.reduce((sum, one) => sum + one, 0)
    const errors = this.#slices.reduce((sum, slice) => sum + slice.errors, 0)
    if (count === 0) return { count, errors, errorShare: 0, p99Ms: null }
    let below = 0
    const at = counts.findIndex((one) => (below += one) >= count * 0.99)
    return { count, errors, errorShare: errors / count, p99Ms: Math.round((BOUNDS[at] ?? ERROR_MS) * 10) / 10 }
  }

  #forgetOld(): void {
    const first = sliceNow() - SLICES
    while ((this.#slices[0]?.number ?? Infinity) <= first) this.#slices.shift()
  }
}

function sliceNow(): number {
  return Math.floor(performance.now() / SLICE_MS)
}
