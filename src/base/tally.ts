/** More kinds of events than this are not told apart any more. */
const MAX_SERIES = 1000

export type Labels = Readonly<Record<string, string>>

/** Counts events by their labels. Costs next to nothing; what is counted is turned into metrics only when somebody asks. */
export class Tally {
  readonly #counts = new Map<string, { labels: Labels; value: number }>()

  count(labels: Labels): void {
    const name = Object.values(labels).join('\n')
    const counted = this.#counts.get(name)
    if (counted !== undefined) counted.value += 1
    else if (this.#counts.size < MAX_SERIES) this.#counts.set(name, { labels, value: 1 })
  }

  read(): { labels: Labels; value: number }[] {
    return [...this.#counts.values()]
  }
}
