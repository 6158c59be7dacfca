import { make } from '../../ui/dom.ts'
import { inLanguage, numberText, textOf } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import { buttonEditor, type ButtonEditor } from './button-editor.ts'
import { quietButton } from './compose-parts.ts'
import { fill, TEXT } from './compose-words.ts'
import {
  gridOf,
  isV1,
  limitOf,
  placesOf,
  readerOf,
  type ButtonDraft,
  type Draft,
  type Ids,
  type Place,
} from './draft.ts'
import { BUTTON_FIELDS, keyOf, type ButtonField, type Field } from './field-of.ts'
import { addButton, moveButton, removeButton, rowForNext, withButton, type At } from './grid-moves.ts'
import { adder, tile } from './grid-tiles.ts'

type GridDoes = {
  draft: () => Draft
  people: Ids['people']
  icons: readonly string[]
  /** Called after each change; `field` is the one that was written into. */
  changed: (field?: Field) => void
  /** What is wrong with a field, if that may be told yet. */
  errorOf: (key: string) => string | undefined
}

/** The buttons of each side as tiles in their rows, with the fields of the chosen one below. */
export class ButtonGrid {
  readonly element = make('div', { class: 'grid-editor' })
  readonly #does: GridDoes
  readonly #places = make('div', { class: 'switch', attributes: { role: 'group' } })
  readonly #tiles = make('div', { class: 'tiles' })
  readonly #fields = make('div')
  #place: Place = 'sender'
  #at: At | undefined
  #editor: ButtonEditor | undefined

  constructor(does: GridDoes) {
    this.#does = does
    const title = worded('h3', TEXT.buttons)
    title.id = 'compose-buttons'
    this.#places.setAttribute('aria-labelledby', title.id)
    const v1 = worded('p', TEXT.v1Buttons, { class: 'soft' })
    this.element.append(title, this.#places, v1, this.#tiles, this.#fields)
    inLanguage(this.element, () => {
      v1.hidden = !isV1(does.draft())
      this.#drawPlaces()
      this.#drawTiles()
    })
    this.restart()
  }

  /** Draws everything anew, for another draft or another form of it. */
  restart(): void {
    const places = placesOf(this.#does.draft())
    if (!places.includes(this.#place)) this.#place = places[0] ?? 'sender'
    const v1 = this.element.querySelector('p')
    if (v1) v1.hidden = !isV1(this.#does.draft())
    const first = gridOf(this.#does.draft(), this.#place)[0]?.[0]
    this.#choose(this.#place, first && { row: 0, column: 0 })
  }

  /** Shows what is wrong, on the tiles and beside the fields. */
  tell(): void {
    this.#drawPlaces()
    this.#drawTiles()
    this.#tellFields()
  }

  focus({ place, row, column, field }: Exclude<Field, string>): void {
    this.#choose(place, { row, column })
    this.#editor?.focus(field)
  }

  #grid() {
    return gridOf(this.#does.draft(), this.#place)
  }

  /** v1 shows one button only; what it does not show stays. */
  #set(grid: ButtonDraft[][], at: At | undefined, focus?: ButtonField): void {
    const draft = this.#does.draft()
    const whole = draft.grids[this.#place]
    const [first = [], ...rows] = whole
    draft.grids[this.#place] = isV1(draft)
      ? [[...(grid[0] ?? []), ...first.slice(1)], ...rows].filter((row) => row.length > 0)
      : grid
    this.#does.changed()
    this.#choose(this.#place, at)
    if (focus) this.#editor?.focus(focus)
  }

  #choose(place: Place, at: At | undefined): void {
    this.#place = place
    this.#at = at
    this.#drawPlaces()
    this.#drawTiles()
    this.#drawFields()
  }

  #drawPlaces(): void {
    const draft = this.#does.draft()
    const places = placesOf(draft)
    const focused = this.#places.contains(document.activeElement)
    this.#places.hidden = places.length === 1
    this.#places.replaceChildren(
      ...places.map((place) => {
        const count = gridOf(draft, place).flat().length
        const name = textOf(this.#does.people[readerOf(draft, place)].name)
        const mark = this.#hasMistake(place) ? ' !' : ''
        const click = () => {
          this.#choose(place, gridOf(this.#does.draft(), place)[0]?.[0] && { row: 0, column: 0 })
        }
        return make('button', {
          text: `${name} (${numberText(count)})${mark}`,
          attributes: { type: 'button', 'data-place': place, 'aria-pressed': String(place === this.#place) },
          on: { click },
        })
      }),
    )
    if (focused) this.#focusIn(this.#places, `[data-place="${this.#place}"]`)
  }

  #hasMistake(place: Place): boolean {
    return gridOf(this.#does.draft(), place).some((row, index) =>
      row.some((_, column) => this.#isWrong(place, { row: index, column })),
    )
  }

  #isWrong(place: Place, at: At): boolean {
    return BUTTON_FIELDS.some((field) => this.#does.errorOf(keyOf({ place, ...at, field })) !== undefined)
  }

  #drawTiles(): void {
    const grid = this.#grid()
    const limit = limitOf(this.#does.draft())
    const focused = this.#tiles.contains(document.activeElement)
    const add = (row: number) => () => {
      const added = addButton(this.#grid(), row)
      this.#set(added.grid, added.at, 'caption')
    }
    const rows = grid.map((row, index) => {
      const tiles = row.map((button, column) => this.#tile(button, { row: index, column }))
      const label = fill(TEXT.addButton, { row: numberText(index + 1) })
      const more = row.length < limit ? [adder('+', label, index, add(index))] : []
      return make('div', { class: 'tile-row' }, ...tiles, ...more)
    })
    const word = grid.length === 0 ? TEXT.addFirst : TEXT.addRow
    const more = grid.length < limit ? [adder(`+ ${textOf(word)}`, word, grid.length, add(grid.length))] : []
    this.#tiles.replaceChildren(...rows, ...more)
    if (focused) this.#focusIn(this.#tiles, '[aria-pressed="true"], [data-add]')
  }

  #tile(button: ButtonDraft, at: At): HTMLElement {
    const isChosen = this.#at?.row === at.row && this.#at.column === at.column
    return tile(button, at, { isChosen, isWrong: this.#isWrong(this.#place, at) }, () => {
      this.#choose(this.#place, at)
    })
  }

  #drawFields(): void {
    const draft = this.#does.draft()
    const at = this.#at
    const button = at && this.#grid()[at.row]?.[at.column]
    if (at === undefined || button === undefined) {
      this.#editor = undefined
      this.#fields.replaceChildren()
      return
    }
    const place = this.#place
    const limit = limitOf(draft)
    this.#editor = buttonEditor(draft, button, {
      icons: this.#does.icons,
      write: (field, changed) => {
        const now = this.#does.draft().grids[place][at.row]?.[at.column] ?? button
        draft.grids[place] = withButton(draft.grids[place], at, { ...now, ...changed })
        this.#drawTiles()
        this.#does.changed({ place, ...at, field })
      },
      addNext: () => {
        const row = rowForNext(this.#grid(), at, limit)
        if (row === undefined) return
        const added = addButton(this.#grid(), row)
        this.#set(added.grid, added.at, 'caption')
      },
      canMove: (direction) => moveButton(this.#grid(), at, direction, limit) !== undefined,
      move: (direction) => {
        const moved = moveButton(this.#grid(), at, direction, limit)
        if (!moved) return
        this.#set(moved.grid, moved.at)
        this.#focusIn(this.#fields, `[data-move-${direction}], [data-remove]`)
      },
      remove: () => {
        const grid = removeButton(this.#grid(), at)
        const row = Math.min(at.row, grid.length - 1)
        const column = Math.min(at.column, (grid[row]?.length ?? 1) - 1)
        this.#set(grid, grid.length === 0 ? undefined : { row, column })
        this.#focusIn(this.#tiles, '[aria-pressed="true"], [data-add]')
      },
    })
    this.#editor.tools.append(...this.#copier())
    this.#fields.replaceChildren(this.#editor.element)
    this.#tellFields()
  }

  #copier(): HTMLElement[] {
    const draft = this.#does.draft()
    const other = placesOf(draft).find((place) => place !== this.#place)
    if (other === undefined) return []
    const { fa, en } = this.#does.people[readerOf(draft, other)].name
    const text = { fa: fill(TEXT.toOther, { name: fa }).fa, en: fill(TEXT.toOther, { name: en }).en }
    return [
      quietButton(text, 'data-copy-buttons', () => {
        draft.grids[other] = draft.grids[this.#place].map((row) => row.map((button) => ({ ...button })))
        this.#does.changed()
        this.#drawPlaces()
      }),
    ]
  }

  #tellFields(): void {
    const at = this.#at
    if (at === undefined) return
    this.#editor?.tell((field) => this.#does.errorOf(keyOf({ place: this.#place, ...at, field })))
  }

  #focusIn(element: HTMLElement, selector: string): void {
    const found = element.querySelector(selector)
    if (found instanceof HTMLElement) found.focus()
  }
}
