/**
 * Arrow keys, Home and End move the focus between the entries of a list.
 * @param entries those in sight, in their order
 */
export function arrowKeys(list: HTMLElement, entries: () => readonly HTMLElement[]): void {
  list.addEventListener('keydown', (event) => {
    const all = entries()
    const at = all.findIndex((entry) => entry === event.target)
    const next = at < 0 ? undefined : all[placeOf(event.key, at, all.length)]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
  })
}

function placeOf(key: string, at: number, length: number): number {
  switch (key) {
    case 'ArrowDown':
      return at + 1
    case 'ArrowUp':
      return at - 1
    case 'Home':
      return 0
    case 'End':
      return length - 1
    default:
      return -1
  }
}
