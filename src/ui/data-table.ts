import { arrowKeys } from './arrow-keys.ts'
import { make } from './dom.ts'
import { inLanguage } from './language.ts'

type Column<Row> = {
  /** In the class of its cells: `cell-NAME`. */
  name: string
  title: () => string
  cell: (row: Row) => readonly Node[]
}

type Table<Row> = {
  element: HTMLElement
  /** Shows these rows and no others. Rows that are shown already keep their place in the page, and the focus. */
  show: (rows: readonly Row[], openKey: string) => void
  /** Moves the focus to a row, or to the one that had it last if that row is not shown. */
  focus: (key: string) => void
}

const SKELETON_ROWS = 6

/**
 * A table with a head that stays in sight. The cell of the column `id` is a button that opens the row. Tab reaches one row;
 * arrow keys, Home and End move between rows.
 * @param sayLabel names the table
 */
export function dataTable<Row>(
  sayLabel: () => string,
  columns: readonly Column<Row>[],
  { keyOf, onOpen }: { keyOf: (row: Row) => string; onOpen: (key: string) => void },
): Table<Row> {
  const heads = columns.map(({ name, title }) => {
    const head = make('th', { class: `cell-${name}`, attributes: { scope: 'col', role: 'columnheader' } })
    inLanguage(head, () => {
      head.textContent = title()
    })
    return head
  })
  const body = make('tbody', { attributes: { role: 'rowgroup' } })
  const element = make(
    'table',
    { class: 'data', attributes: { role: 'table' } },
    make('thead', { attributes: { role: 'rowgroup' } }, make('tr', { attributes: { role: 'row' } }, ...heads)),
    body,
  )
  const shown = new Map<string, { line: HTMLElement; opener: HTMLElement; row: Row }>()
  /** The row that Tab reaches. */
  let current = ''
  const openers = () => [...body.querySelectorAll<HTMLElement>('.opener')]
  const rove = (key: string) => {
    current = key
    for (const [other, { opener }] of shown) opener.tabIndex = other === key ? 0 : -1
  }
  const fillLine = ({ line, opener, row }: { line: HTMLElement; opener: HTMLElement; row: Row }) => {
    for (const [index, { name, cell }] of columns.entries()) {
      const place = name === 'id' ? opener : line.children[index]
      place?.replaceChildren(...cell(row))
    }
  }
  const addLine = (key: string, row: Row) => {
    const opener = make('button', { class: 'opener', attributes: { type: 'button', 'data-open': key } })
    const line = make('tr', { attributes: { role: 'row' } })
    for (const { name } of columns) {
      const cell = make('td', { class: `cell-${name}`, attributes: { role: 'cell' } })
      if (name === 'id') cell.append(opener)
      line.append(cell)
    }
    line.addEventListener('click', () => {
      onOpen(key)
    })
    opener.addEventListener('focus', () => {
      rove(key)
    })
    const added = { line, opener, row }
    shown.set(key, added)
    return added
  }
  arrowKeys(body, openers)
  inLanguage(element, () => {
    element.setAttribute('aria-label', sayLabel())
    for (const one of shown.values()) fillLine(one)
  })
  return {
    element,
    show: (rows, openKey) => {
      const keys = new Set(rows.map(keyOf))
      const focusedAt = openers().findIndex((opener) => opener === document.activeElement)
      for (const [key, { line }] of shown) {
        if (keys.has(key)) continue
        shown.delete(key)
        line.remove()
      }
      for (const [index, row] of rows.entries()) {
        const key = keyOf(row)
        const known = shown.get(key)
        const one = known ?? addLine(key, row)
        if (known === undefined || JSON.stringify(known.row) !== JSON.stringify(row)) {
          one.row = row
          fillLine(one)
        }
        one.opener.setAttribute('aria-expanded', String(key === openKey))
        one.line.toggleAttribute('data-is-open', key === openKey)
        const there = body.children[index] ?? null
        if (there !== one.line) body.insertBefore(one.line, there)
      }
      const [first] = rows
      if (!keys.has(current)) current = keys.has(openKey) || first === undefined ? openKey : keyOf(first)
      rove(current)
      // The row that had the focus is gone: the one in its place gets it.
      const rest = openers()
      if (focusedAt >= 0 && !rest.some((opener) => opener === document.activeElement)) {
        rest[Math.min(focusedAt, rest.length - 1)]?.focus()
      }
    },
    focus: (key) => {
      const { opener } = shown.get(key) ?? shown.get(current) ?? {}
      opener?.focus()
    },
  }
}

/** Grey lines in the place of rows that are still loaded. */
export function skeleton(sayLoading: () => string): HTMLElement {
  const said = make('span', { class: 'sr' })
  inLanguage(said, () => {
    said.textContent = sayLoading()
  })
  const lines = Array.from({ length: SKELETON_ROWS }, () => make('div', { class: 'skeleton-line' }))
  return make('div', { class: 'skeleton', attributes: { role: 'status' } }, said, ...lines)
}
