import { arrowKeys } from '../../ui/arrow-keys.ts'

/** Arrow keys, Home and End move between the entries in sight, and Escape closes the one that has the focus in it. */
export function listKeys(list: HTMLElement): void {
  arrowKeys(list, () =>
    [...list.querySelectorAll<HTMLElement>('.entry > summary')].filter((one) => one.checkVisibility()),
  )
  list.addEventListener('keydown', ({ target, key }) => {
    if (!(target instanceof HTMLElement)) return
    const own = target.closest<HTMLDetailsElement>('details.entry')
    if (key !== 'Escape' || own?.open !== true) return
    own.open = false
    own.querySelector('summary')?.focus()
  })
}
