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

  /** Shows a kind of event before the first one: what counts increases cannot see one that begins with the event itself. */
  expect(labels: Labels): void {
    this.#counts.set(Object.values(labels).join('\n'), { labels, value: 0 })
  }

  read(): { labels: Labels; value: number }[] {
    return [...this.#counts.values()]
  }
}
