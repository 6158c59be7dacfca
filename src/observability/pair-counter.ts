import type { Labels } from './counter.ts'

/** Beyond so many pairs events are not told apart any more. */
const MAX_SERIES = 500

/** Counts events by two labels, and makes nothing new for an event whose like was there before: for what happens with every click. */
export class PairTally {
  readonly #first: string
  readonly #second: string
  readonly #counts = new Map<string, Map<string, { labels: Labels; value: number }>>()
  #series = 0

  constructor(first: string, second: string) {
    this.#first = first
    this.#second = second
  }

  count(first: string, second: string): void {
    const counted = this.#counts.get(first)?.get(second) ?? this.#add(first, second)
    if (counted !== undefined) counted.value += 1
  }

  /** Shows a pair before its first event: what counts increases cannot see one that begins with the event itself. */
  expect(first: string, second: string): void {
    this.#add(first, second)
  }

  read(): { labels: Labels; value: number }[] {
    return [...this.#counts.values()].flatMap((inner) => [...inner.values()])
  }

  #add(first: string, second: string): { value: number } | undefined {
    if (this.#series === MAX_SERIES) return undefined
    this.#series += 1
    const inner = this.#counts.get(first) ?? new Map<string, { labels: Labels; value: number }>()
    const added = { labels: { [this.#first]: first, [this.#second]: second }, value: 0 }
    inner.set(second, added)
    this.#counts.set(first, inner)
    return added
  }
}
