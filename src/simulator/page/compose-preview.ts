import { make } from '../../ui/dom.ts'
import { inLanguage, textOf } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import type { Side, Snapshot } from '../shown.ts'
import { bubble } from './bubble.ts'
import { fill, TEXT } from './compose-words.ts'
import { placesOf, readerOf, shownOf, type Draft, type Place } from './draft.ts'

type OnButton = (place: Place, row: number, column: number) => void

/** The message as each phone would show it. A press on a button chooses it in the form. */
export function preview({ people, appTitle }: Snapshot, draft: () => Draft, onButton: OnButton) {
  const phones = make('div', { class: 'preview-phones' })
  const draw = () => {
    const now = draft()
    const shown = shownOf(now, new Date().toISOString())
    phones.replaceChildren(
      ...placesOf(now).map((place) => {
        const side: Side = readerOf(now, place)
        const title = textOf(fill(TEXT.seenBy, { name: textOf(people[side].name) }))
        const item = bubble(shown, side, appTitle, (_, __, row, column) => {
          onButton(place, row, column)
        })
        item.removeAttribute('data-message')
        // Tab goes to the form's own buttons.
        for (const button of item.querySelectorAll('button')) button.tabIndex = -1
        return make(
          'section',
          { attributes: { 'data-preview': side, 'aria-label': title } },
          make('h4', { text: title }),
          make('ul', { class: 'preview-chat' }, item),
        )
      }),
    )
  }
  inLanguage(phones, draw)
  const element = make(
    'aside',
    { class: 'preview' },
    worded('h3', TEXT.preview),
    phones,
    worded('p', TEXT.previewHelp, { class: 'soft' }),
  )
  return { element, draw }
}
