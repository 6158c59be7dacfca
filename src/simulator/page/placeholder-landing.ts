import { make } from '../../ui/dom.ts'
import { worded } from '../../ui/worded.ts'
import { wordOf } from './words.ts'

/** What a phone shows for a landing at an address of samples, such as app.example.com, where there is no app. */
export function placeholderLanding(url: string, ...actions: HTMLElement[]): HTMLElement {
  const { searchParams } = new URL(url)
  const facts = [...searchParams].flatMap(([name, value]) => [
    make('dt', { text: name, attributes: { dir: 'ltr' } }),
    make('dd', { text: value, attributes: { dir: 'auto' } }),
  ])
  return make(
    'div',
    { class: 'unframed', attributes: { 'data-placeholder': '' } },
    worded('h3', wordOf('landedHere')),
    make('p', { class: 'soft', text: url, attributes: { dir: 'ltr' } }),
    ...(facts.length === 0 ? [] : [make('dl', { class: 'landing-facts' }, ...facts)]),
    worded('p', wordOf('placeholder')),
    make('div', { class: 'row' }, ...actions),
  )
}
