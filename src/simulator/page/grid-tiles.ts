import { make } from '../../ui/dom.ts'
import { numberText, textOf, type Text } from '../../ui/language.ts'
import { fill, TEXT } from './compose-words.ts'
import type { ButtonDraft } from './draft.ts'
import type { At } from './grid-moves.ts'
import { icon } from './icons.ts'

type Look = { isChosen: boolean; isWrong: boolean }

/** A button of the message, to be chosen for editing. */
export function tile(button: ButtonDraft, at: At, { isChosen, isWrong }: Look, choose: () => void): HTMLElement {
  const [row, column] = [numberText(at.row + 1), numberText(at.column + 1)]
  const place = textOf(fill(TEXT.tile, { row, column }))
  return make(
    'button',
    {
      class: isWrong ? 'tile wrong' : 'tile',
      attributes: {
        type: 'button',
        'aria-label': `${place}: ${button.caption}${isWrong ? ` (${textOf(TEXT.hasMistake)})` : ''}`,
        'aria-pressed': String(isChosen),
        'data-tile': `${at.row}.${at.column}`,
      },
      on: { click: choose },
    },
    ...(button.icon === '' ? [] : [icon(button.icon)]),
    make('span', { text: button.caption === '' ? '…' : button.caption, attributes: { dir: 'auto' } }),
  )
}

/** Adds a button to a row, or a row. */
export function adder(text: string, label: Text, row: number, add: () => void): HTMLElement {
  return make('button', {
    class: 'tile add',
    text,
    attributes: { type: 'button', 'aria-label': textOf(label), 'data-add': String(row) },
    on: { click: add },
  })
}
