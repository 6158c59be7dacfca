import type { ShownButton, ShownMessage, Side, Snapshot } from '../shown.ts'
import { make } from '../../ui/dom.ts'
import { icon, map } from './icons.ts'
import { worded } from '../../ui/worded.ts'
import { inLanguage, textOf, timeText } from '../../ui/language.ts'
import { TEXT } from './compose-words.ts'
import { wordOf, say } from './words.ts'

/** Called with a button and where it stands in its message. */
type OnButton = (message: ShownMessage, button: ShownButton, row: number, column: number, pressed: HTMLElement) => void

/** One message as one phone shows it: with the buttons of its own side only. */
export function bubble(
  message: ShownMessage,
  side: Side,
  appTitle: Snapshot['appTitle'],
  onButton: OnButton,
  onEdit?: (message: ShownMessage) => void,
): HTMLElement {
  const item = make('li', {
    class: `bubble ${isOwn(message, side) ? 'own' : 'other'} ${message.kind}`,
    attributes: { 'data-message': message.id },
  })
  if (message.kind === 'app') item.append(appLine(message, appTitle))
  if (message.location) item.append(place(message.location))
  if (message.mediaToken !== undefined) item.append(media(message.mediaToken))
  if (message.text !== '') item.append(make('p', { class: 'text', text: message.text, attributes: { dir: 'auto' } }))
  const rows = message.buttons[side].map((row, index) =>
    make(
      'div',
      { class: 'button-row' },
      ...row.map((button, column) => chatButton(message, button, index, column, onButton)),
    ),
  )
  const time = make('time', { attributes: { datetime: message.at } })
  inLanguage(time, () => {
    time.textContent = timeText(message.at)
  })
  item.append(...rows, time, ...(onEdit && !message.location ? [editButton(message, onEdit)] : []))
  return item
}

/** A message of the bot is not its reader's own. */
function isOwn({ from, kind, chat }: ShownMessage, side: Side): boolean {
  return from === side && !(chat === 'bot' && kind === 'app')
}

function appLine({ wire, chat }: ShownMessage, appTitle: Snapshot['appTitle']): HTMLElement {
  const title = make('strong')
  inLanguage(title, () => {
    title.textContent = textOf(appTitle)
  })
  return make(
    'div',
    { class: 'app-line' },
    icon('SERVICE'),
    title,
    ...(chat === 'bot'
      ? [worded('span', wordOf('botTab'), { class: 'badge' })]
      : [make('span', { class: 'badge', text: wire ?? 'v1', attributes: { dir: 'ltr' } })]),
  )
}

function media(token: string): HTMLElement {
  const words = make('p', { class: 'soft' })
  inLanguage(words, () => {
    words.replaceChildren(`${say('media')}: `, make('bdi', { text: token, attributes: { dir: 'ltr' } }))
  })
  return words
}

function place({ latitude, longitude }: NonNullable<ShownMessage['location']>): HTMLElement {
  const words = make('figcaption')
  inLanguage(words, () => {
    words.replaceChildren(
      `${say('shownLocation')} `,
      make('bdi', { text: `${latitude}, ${longitude}`, attributes: { dir: 'ltr' } }),
    )
  })
  return make('figure', { class: 'place' }, map(latitude, longitude), words)
}

function chatButton(
  message: ShownMessage,
  button: ShownButton,
  row: number,
  column: number,
  onButton: OnButton,
): HTMLElement {
  const element: HTMLElement = make(
    'button',
    {
      class: 'chat-button',
      attributes: { type: 'button', 'data-button': button.kind },
      on: {
        click: () => {
          onButton(message, button, row, column, element)
        },
      },
    },
    icon(button.icon ?? ''),
    make('span', { text: button.caption, attributes: { dir: 'auto' } }),
  )
  return element
}

function editButton(message: ShownMessage, onEdit: (message: ShownMessage) => void): HTMLElement {
  const click = () => {
    onEdit(message)
  }
  const element = make(
    'button',
    { class: 'edit-message', attributes: { type: 'button', 'data-edit': '' }, on: { click } },
    icon('PENCIL'),
  )
  inLanguage(element, () => {
    element.setAttribute('aria-label', `${textOf(TEXT.edit)}: ${message.text.slice(0, 40)}`)
    element.title = textOf(TEXT.edit)
  })
  return element
}
