import { freshButton, type ButtonDraft, type Grid } from './draft.ts'

/** Where a button is in its grid. */
export type At = { row: number; column: number }
export type Direction = 'back' | 'forward' | 'up' | 'down'
/** A changed grid, and where the button is now. */
type Changed = { grid: Grid; at: At }

/** The same grid with a fresh button at the end of a row, or in a row of its own after the last one. */
export function addButton(grid: Grid, row: number): Changed {
  const button = freshButton()
  const changed =
    row < grid.length ? grid.map((one, index) => (index === row ? [...one, button] : one)) : [...grid, [button]]
  return { grid: changed, at: { row, column: (changed[row]?.length ?? 1) - 1 } }
}

/** The row that a button after this one goes to: its own, the next one, or a new one; undefined when the grid is full. */
export function rowForNext(grid: Grid, { row }: At, limit: number): number | undefined {
  const later = grid.findIndex((one, index) => index >= row && one.length < limit)
  if (later >= 0) return later
  return grid.length < limit ? grid.length : undefined
}

export function removeButton(grid: Grid, { row, column }: At): Grid {
  return withoutEmpty(grid.map((one, index) => (index === row ? one.toSpliced(column, 1) : one)))
}

/** Moves a button one place; undefined when there is no such place. A full row gives its button in exchange. */
export function moveButton(grid: Grid, at: At, direction: Direction, limit: number): Changed | undefined {
  const { row, column } = at
  const button = grid[row]?.[column]
  if (button === undefined) return undefined
  if (direction === 'back' || direction === 'forward') {
    const to = { row, column: column + (direction === 'back' ? -1 : 1) }
    const other = grid[to.row]?.[to.column]
    return other && { grid: withButton(withButton(grid, at, other), to, button), at: to }
  }
  const to = row + (direction === 'up' ? -1 : 1)
  const target = grid[to]
  if (target === undefined) {
    const isAlone = grid[row]?.length === 1
    if (to < 0 || isAlone || grid.length >= limit) return undefined
    return { grid: [...removeButton(grid, at), [button]], at: { row: to, column: 0 } }
  }
  if (target.length >= limit) {
    const swapped = { row: to, column: Math.min(column, target.length - 1) }
    const other = target[swapped.column]
    return other && { grid: withButton(withButton(grid, at, other), swapped, button), at: swapped }
  }
  const place = Math.min(column, target.length)
  const moved = grid.map((one, index) => {
    if (index === row) return one.toSpliced(column, 1)
    return index === to ? one.toSpliced(place, 0, button) : one
  })
  const isRowGone = moved[row]?.length === 0 && row < to
  return { grid: withoutEmpty(moved), at: { row: isRowGone ? to - 1 : to, column: place } }
}

export function withButton(grid: Grid, { row, column }: At, button: ButtonDraft): Grid {
  return grid.map((one, index) => (index === row ? one.with(column, button) : one))
}

function withoutEmpty(grid: Grid): Grid {
  return grid.filter((row) => row.length > 0)
}
