import { make } from '../../ui/dom.ts'
import { icon } from './icons.ts'
import { inLanguage } from '../../ui/language.ts'
import { say } from './words.ts'

/** Somewhere in Tehran, a little elsewhere each time. */
const somewhere = () => ({
  latitude: Number((35.7 + Math.random() / 20).toFixed(5)),
  longitude: Number((51.38 + Math.random() / 20).toFixed(5)),
})

type Composing = {
  id: string
  appTitle: () => string
  openApp: (pressed: HTMLElement) => void
  startBot: (pressed: HTMLElement) => void
  sendLocation: (place: { latitude: number; longitude: number }) => void
  write: (text: string) => void
}

/** What a person can do in a chat: open the app, start its bot, write, send a location. `toBot` leaves what the bot's chat has. */
export function composer(does: Composing): { element: HTMLElement; toBot: (isBot: boolean) => void } {
  const label = make('label', { class: 'sr', attributes: { for: does.id } })
  const input = make('input', {
    attributes: { id: does.id, 'data-composer': '', dir: 'auto', autocomplete: 'off', maxlength: '1000' },
  })
  const send = make('button', { class: 'round main', attributes: { type: 'submit', 'data-send': '' } }, icon('SEND'))
  const place = make(
    'button',
    { class: 'round', attributes: { type: 'button', 'data-location': '' } },
    icon('LOCATION'),
  )
  const word = make('span')
  const menu = make('button', { class: 'menu', attributes: { type: 'button', 'data-menu': '' } }, icon('SERVICE'), word)
  const botWord = make('span')
  const bot = make(
    'button',
    { class: 'menu', attributes: { type: 'button', 'data-start-bot': '' } },
    icon('CHAT'),
    botWord,
  )
  const drawBot = () => {
    botWord.textContent = say(menu.hidden ? 'startBot' : 'botTab')
    bot.setAttribute('aria-label', say('startBot'))
  }
  inLanguage(menu, () => {
    label.textContent = say('write')
    input.placeholder = say('write')
    send.setAttribute('aria-label', say('send'))
    place.setAttribute('aria-label', say('location'))
    word.textContent = `${say('menu')}: ${does.appTitle()}`
    drawBot()
  })
  menu.addEventListener('click', () => {
    does.openApp(menu)
  })
  bot.addEventListener('click', () => {
    does.startBot(bot)
  })
  place.addEventListener('click', () => {
    does.sendLocation(somewhere())
  })
  const submit = (event: Event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (text === '') return
    input.value = ''
    does.write(text)
  }
  const toBot = (isBot: boolean) => {
    menu.hidden = isBot
    place.hidden = isBot
    drawBot()
  }
  const menus = make('div', { class: 'menus' }, menu, bot)
  return { element: make('form', { class: 'composer', on: { submit } }, menus, label, place, input, send), toBot }
}
