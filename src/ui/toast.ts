import { make } from './dom.ts'

const SHOWN_MS = 6000
const MAX_SHOWN = 3

/** Says for a few seconds how an act ended, also to a screen reader. A failure stays until it is dismissed. */
export function toast(text: string, meaning: 'success' | 'danger', dismissLabel: string): void {
  const dismiss = make('button', {
    class: 'quiet',
    text: '×',
    attributes: { type: 'button', 'aria-label': dismissLabel },
  })
  const element = make(
    'div',
    { class: `toast ${meaning}`, attributes: { 'data-toast': meaning, dir: 'auto' } },
    make('span', { class: 'mark', text: meaning === 'success' ? '✓' : '!', attributes: { 'aria-hidden': 'true' } }),
    make('span', { text }),
    dismiss,
  )
  const before = document.activeElement
  dismiss.addEventListener('click', () => {
    element.remove()
    if (before instanceof HTMLElement) before.focus()
  })
  const region = toastRegion()
  region.append(element)
  while (region.childElementCount > MAX_SHOWN) region.firstElementChild?.remove()
  if (meaning === 'success') {
    setTimeout(() => {
      element.remove()
    }, SHOWN_MS)
  }
}

function toastRegion(): HTMLElement {
  const present = document.querySelector('[data-toasts]')
  if (present instanceof HTMLElement) return present
  const region = make('div', {
    class: 'toasts',
    attributes: { role: 'status', 'aria-live': 'polite', 'data-toasts': '' },
  })
  document.body.append(region)
  return region
}
