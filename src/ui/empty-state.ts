import { make } from './dom.ts'

/** Says why there is nothing here, and what brings something. */
export function emptyState(title: string, how: string, ...acts: Node[]): HTMLElement {
  return make(
    'div',
    { class: 'empty', attributes: { 'data-empty': '' } },
    make('h3', { text: title }),
    ...(how === '' ? [] : [make('p', { text: how })]),
    ...acts,
  )
}
