import type { Snapshot, TimelineEntry } from '../shown.ts'
import { dropElement, make } from '../../ui/dom.ts'
import { inLanguage, timeText } from '../../ui/language.ts'
import { entryItem } from './entry.ts'
import type { Filter } from './filter.ts'
import { headline } from './headline.ts'
import { summarize } from './journey-summary.ts'

type OnToggle = (details: HTMLDetailsElement, entry: TimelineEntry) => void

/** The card of one journey: a sentence about it, and its steps below. */
export class JourneyCard {
  readonly element: HTMLElement
  readonly #people: Snapshot['people']
  readonly #onToggle: OnToggle
  readonly #title = make('h3', { class: 'headline' })
  readonly #time = make('time')
  readonly #steps = make('ol', { class: 'steps' })
  readonly #items = new Map<number, { entry: TimelineEntry; item: HTMLElement }>()

  constructor(journey: number, people: Snapshot['people'], onToggle: OnToggle) {
    this.#people = people
    this.#onToggle = onToggle
    this.element = make(
      'li',
      { class: 'journey', attributes: { 'data-journey': String(journey) } },
      make('div', { class: 'journey-head' }, this.#title, this.#time),
      this.#steps,
    )
    inLanguage(this.#title, () => {
      this.#draw()
    })
  }

  get isEmpty(): boolean {
    return this.#items.size === 0
  }

  has(id: number): boolean {
    return this.#items.has(id)
  }

  add(entry: TimelineEntry, filter: Filter): void {
    const item = entryItem(entry, this.#attemptOf(entry), this.#onToggle)
    this.#items.set(entry.id, { entry, item })
    this.#steps.append(item)
    this.#draw()
    this.filter(filter)
  }

  drop(id: number, heir: HTMLElement): void {
    const found = this.#items.get(id)
    if (found === undefined) return
    this.#items.delete(id)
    dropElement(found.item, heir)
    this.#draw()
  }

  /** Hides the steps that do not match, and the card when none does. */
  filter({ kind, outcome }: Filter): void {
    let shown = 0
    for (const { entry, item } of this.#items.values()) {
      item.hidden = (kind !== '' && entry.kind !== kind) || (outcome !== '' && entry.outcome !== outcome)
      if (!item.hidden) shown += 1
    }
    this.element.hidden = shown === 0
  }

  /** How often the same message has been tried, this time included. */
  #attemptOf({ kind, request }: TimelineEntry): number {
    if (kind !== 'delivery') return 1
    const same = [...this.#items.values()].filter(
      ({ entry }) =>
        entry.kind === kind && entry.request?.url === request?.url && entry.request?.body === request?.body,
    )
    return same.length + 1
  }

  #draw(): void {
    const [first, ...rest] = [...this.#items.values()].map(({ entry }) => entry)
    if (first === undefined) return
    this.element.dataset['meaning'] = summarize([first, ...rest]).meaning
    this.#title.replaceChildren(...headline([first, ...rest], this.#people))
    this.#time.textContent = timeText(first.at)
    this.#time.title = first.at
    this.#time.dateTime = first.at
  }
}
