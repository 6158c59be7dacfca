import type { Settings, ShownMessage, Side, Snapshot, Wire } from '../shown.ts'
import { api } from './api.ts'
import { announce, find, messageOf } from './dom.ts'
import { listen, type Connection } from './event-stream.ts'
import { eventsPanel } from './events-panel.ts'
import { faultsPanel, type FaultsPanel } from './faults-panel.ts'
import { Phone } from './phone.ts'
import { timeline } from './timeline.ts'
import { currentLanguage, inLanguage, isWord, redraw, say, sayOf, speak, type Language } from './words.ts'

/** Drawn with the first snapshot; later ones change only what differs, so that nothing half done is lost. */
type Drawn = { phones: Record<Side, Phone>; panel: FaultsPanel; snapshot: Snapshot }
let drawn: Drawn | undefined
const entries = timeline(find('data-timeline'), find('data-empty'))

function draw(snapshot: Snapshot): void {
  if (drawn === undefined) {
    const phones = { seller: new Phone('seller', snapshot), buyer: new Phone('buyer', snapshot) }
    drawn = { phones, panel: faultsPanel(find('data-faults'), snapshot), snapshot }
    eventsPanel(find('data-events'), snapshot)
    find('data-phones').replaceChildren(phones.seller.element, phones.buyer.element)
  } else {
    drawn.snapshot = snapshot
    for (const phone of Object.values(drawn.phones)) phone.update(snapshot)
    redraw()
  }
  entries.update(snapshot)
  drawn.panel.show(snapshot.faults)
  settle(snapshot.settings)
}

function addMessage(message: ShownMessage): void {
  if (!drawn) return
  drawn.phones.seller.add(message)
  drawn.phones.buyer.add(message)
  const { people, appTitle } = drawn.snapshot
  const from = message.chat === 'bot' && message.kind === 'app' ? appTitle : people[message.from].name
  announce(`${say('newMessage')}, ${sayOf(from)}: ${message.text}`)
}

function settle(settings: Settings): void {
  drawn?.panel.set(settings)
  for (const button of document.querySelectorAll('[data-wire]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-wire') === settings.wire))
  }
}

function drawWords(): void {
  document.title = say('title')
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const word = element.dataset['word']
    if (isWord(word)) element.textContent = say(word)
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-label]')) {
    const word = element.dataset['label']
    if (isWord(word)) element.setAttribute('aria-label', say(word))
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-language') === currentLanguage()))
  }
}

function tellConnection(connection: Connection): void {
  const line = find('data-connection')
  line.hidden = connection === 'open'
  inLanguage(line, () => {
    line.textContent = connection === 'open' ? '' : say(connection)
  })
}

const onEach = (attribute: string, act: (value: string) => void) => {
  for (const button of document.querySelectorAll(`[${attribute}]`)) {
    button.addEventListener('click', () => {
      act(button.getAttribute(attribute) ?? '')
    })
  }
}
const complain = (error: unknown) => {
  announce(messageOf(error))
}

onEach('data-language', (value) => {
  const language: Language = value === 'en' ? 'en' : 'fa'
  speak(language)
})
onEach('data-wire', (value) => {
  const wire: Wire = value === 'v2' ? 'v2' : 'v1'
  api.set({ wire }).catch(complain)
})
onEach('data-reset', () => {
  api.reset().catch(complain)
})
speak(currentLanguage())
inLanguage(document.documentElement, drawWords)
listen(
  {
    snapshot: draw,
    message: addMessage,
    entry: entries.add,
    settings: settle,
    faults: (armed) => drawn?.panel.show(armed),
    forgotten: ({ messages, entries: ids }) => {
      for (const phone of Object.values(drawn?.phones ?? {})) phone.forget(messages)
      entries.forget(ids)
    },
  },
  tellConnection,
)
