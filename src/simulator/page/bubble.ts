import type { ShownButton, ShownMessage, Side, Snapshot } from '../shown.ts'
import { make } from './dom.ts'
import { icon, map } from './icons.ts'
import { worded } from './worded.ts'
import { inLanguage, say, sayOf, sayTime } from './words.ts'

/** Called with a button and where it stands in its message. */
type OnButton = (message: ShownMessage, button: ShownButton, row: number, column: number, pressed: HTMLElement) => void

/** One message as one phone shows it: with the buttons of its own side only. */
export function bubble(
  message: ShownMessage,
  side: Side,
  appTitle: Snapshot['appTitle'],
  onButton: OnButton,
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
    time.textContent = sayTime(message.at)
  })
  item.append(...rows, time)
  return item
}

/** A message of the bot is not its reader's own. */
function isOwn({ from, kind, chat }: ShownMessage, side: Side): boolean {
  return from === side && !(chat === 'bot' && kind === 'app')
}

function appLine({ wire, chat }: ShownMessage, appTitle: Snapshot['appTitle']): HTMLElement {
  const title = make('strong')
  inLanguage(title, () => {
    title.textContent = sayOf(appTitle)
  })
  return make(
    'div',
    { class: 'app-line' },
    icon('SERVICE'),
    title,
    ...(chat === 'bot'
      ? [worded('span', 'botTab', { class: 'badge' })]
      : [make('span', { class: 'badge', text: wire ?? 'v1', attributes: { dir: 'ltr' } })]),
  )
}

function media(token: string): HTMLElement {
  const words = make('p', { class: 'soft' })
  inLanguage(words, () => {
    words.textContent = `${say('media')}: ${token}`
  })
  return words
}

function place({ latitude, longitude }: NonNullable<ShownMessage['location']>): HTMLElement {
  const words = make('figcaption')
  inLanguage(words, () => {
    words.textContent = `${say('shownLocation')} ${latitude}, ${longitude}`
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
