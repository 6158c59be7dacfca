import type { ArmedFault, Settings, ShownMessage, Side, Snapshot, TimelineEntry, Wire } from '../shown.ts'
import { api, believe } from './api.ts'
import { announce, find } from './dom.ts'
import { entryItem } from './entry.ts'
import { faultsPanel, type FaultsPanel } from './faults-panel.ts'
import { Phone } from './phone.ts'
import { currentLanguage, forgetDrawn, inLanguage, isWord, say, sayOf, speak, type Language } from './words.ts'

const MAX_ENTRIES = 500

/** What is drawn for one connection; a new snapshot draws it all anew. */
type Drawn = { phones: Record<Side, Phone>; panel: FaultsPanel; snapshot: Snapshot }
let drawn: Drawn | undefined

function draw(snapshot: Snapshot): void {
  forgetDrawn()
  const phones = { seller: new Phone('seller', snapshot), buyer: new Phone('buyer', snapshot) }
  const panel = faultsPanel(find('data-faults'), snapshot)
  find('data-phones').replaceChildren(phones.seller.element, phones.buyer.element)
  for (const phone of Object.values(phones)) phone.toEnd()
  find('data-timeline').replaceChildren()
  drawn = { phones, panel, snapshot }
  for (const entry of snapshot.timeline) addEntry(entry)
  find('data-empty').hidden = snapshot.timeline.length > 0
  settle(snapshot.settings)
}

function addMessage(message: ShownMessage): void {
  if (!drawn) return
  drawn.phones.seller.add(message)
  drawn.phones.buyer.add(message)
  announce(`${say('newMessage')}, ${sayOf(drawn.snapshot.people[message.from].name)}: ${message.text}`)
}

/** Newest first, so that what has just happened needs no scrolling. */
function addEntry(entry: TimelineEntry): void {
  const list = find('data-timeline')
  list.prepend(entryItem(entry))
  if (list.childElementCount > MAX_ENTRIES) list.lastElementChild?.remove()
  find('data-empty').hidden = true
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

/** What the simulator tells, by the names of its event stream. */
type Events = {
  snapshot: Snapshot
  message: ShownMessage
  entry: TimelineEntry
  settings: Settings
  faults: ArmedFault[]
}

function listen(): void {
  const events = new EventSource('/simulator/events')
  const connection = find('data-connection')
  const on = <Name extends keyof Events>(name: Name, act: (data: Events[Name]) => void) => {
    events.addEventListener(name, ({ data }: MessageEvent<string>) => {
      act(believe<Events[Name]>(data))
    })
  }
  on('snapshot', draw)
  on('message', addMessage)
  on('entry', addEntry)
  on('settings', settle)
  on('faults', (armed) => drawn?.panel.show(armed))
  events.addEventListener('open', () => {
    connection.hidden = true
  })
  events.addEventListener('error', () => {
    connection.textContent = say('lost')
    connection.hidden = false
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
  announce(String(error instanceof Error ? error.message : error))
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
inLanguage(drawWords, { forEver: true })
listen()
