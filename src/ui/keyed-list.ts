import { dropElement } from './dom.ts'

/** What is shown of things that have a key: each is drawn once, and stays as it is until it goes. */
export class KeyedList<Key extends string | number, Item> {
  readonly #list: HTMLElement
  readonly #keyOf: (item: Item) => Key
  readonly #draw: (item: Item) => HTMLElement
  readonly #place: 'append' | 'prepend'
  readonly #shown = new Map<Key, HTMLElement>()

  constructor(
    list: HTMLElement,
    how: { keyOf: (item: Item) => Key; draw: (item: Item) => HTMLElement; place: 'append' | 'prepend' },
  ) {
    this.#list = list
    this.#keyOf = how.keyOf
    this.#draw = how.draw
    this.#place = how.place
  }

  /** Shows an item unless it is shown already. */
  add(item: Item): void {
    const key = this.#keyOf(item)
    if (this.#shown.has(key)) return
    const element = this.#draw(item)
    this.#shown.set(key, element)
    this.#list[this.#place](element)
  }

  drop(key: Key): void {
    const element = this.#shown.get(key)
    if (element === undefined) return
    this.#shown.delete(key)
    dropElement(element, this.#list)
  }

  /** Shows these items and no others; those that are shown already are left as they are. */
  keep(items: readonly Item[]): void {
    const keys = new Set(items.map(this.#keyOf))
    for (const key of this.#shown.keys()) if (!keys.has(key)) this.drop(key)
    for (const item of items) this.add(item)
  }
}
