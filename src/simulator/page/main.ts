import type { ArmedFault, Settings, ShownMessage, Side, Snapshot, TimelineEntry, Wire } from '../shown.ts'
import { api } from './api.ts'
import { announce, find, messageOf } from '../../ui/dom.ts'
import { firstRun } from './first-run.ts'
import { composePanel } from './compose.ts'
import { startComposer, type StartedComposer } from './compose-start.ts'
import { listen, type Connection } from './event-stream.ts'
import { eventsPanel } from './events-panel.ts'
import { FaultOutcomes, type Answered } from './fault-outcomes.ts'
import { faultsPanel, quickFaults, type FaultsPanel } from './faults-panel.ts'
import { noteText } from './notes.ts'
import { Phone } from './phone.ts'
import { sessionTools } from './session-tools.ts'
import { timeline } from './timeline.ts'
import { workspace } from './workspace.ts'
import { toast } from '../../ui/toast.ts'
import { currentLanguage, inLanguage, redraw, textOf } from '../../ui/language.ts'
import { followWords } from '../../ui/page-words.ts'
import { say, WORDS } from './words.ts'

/** Drawn with the first snapshot; later ones change only what differs, so that nothing half done is lost. */
type Drawn = { phones: Record<Side, Phone>; panel: FaultsPanel; snapshot: Snapshot }
let drawn: Drawn | undefined
let armed: ArmedFault[] = []
let composer: StartedComposer | undefined
const { countFaults, show } = workspace((tab) => {
  if (tab === 'compose') useComposer()
})
sessionTools()
const steps = firstRun(() => {
  show('faults')
})
const entries = timeline(() => {
  show('timeline')
})
const outcomes = new FaultOutcomes()
const sendFaults = quickFaults()

function draw(snapshot: Snapshot): void {
  if (drawn === undefined) {
    const phones = { seller: new Phone('seller', snapshot, edit), buyer: new Phone('buyer', snapshot, edit) }
    const forget = () => {
      outcomes.clear()
    }
    drawn = { phones, panel: faultsPanel(find('data-faults'), snapshot, forget), snapshot }
    const form = find('data-compose-form')
    composer = startComposer(form, () => composePanel(form, snapshot, tellAnswer, sendFaults.element))
    eventsPanel(find('data-events'), snapshot)
    find('data-phones').replaceChildren(phones.seller.element, phones.buyer.element)
  } else {
    drawn.snapshot = snapshot
    useComposer()
    for (const phone of Object.values(drawn.phones)) phone.update(snapshot)
    redraw()
  }
  entries.update(snapshot)
  for (const entry of snapshot.timeline) steps.see(entry)
  tellFaults(snapshot.faults)
  settle(snapshot.settings)
}

/** Its place says by itself why it is not there. */
function useComposer(): void {
  composer?.use().catch(() => undefined)
}

function addMessage(message: ShownMessage): void {
  if (!drawn) return
  drawn.phones.seller.add(message)
  drawn.phones.buyer.add(message)
  const { people, appTitle } = drawn.snapshot
  const from = message.chat === 'bot' && message.kind === 'app' ? appTitle : people[message.from].name
  announce(`${say('newMessage')}, ${textOf(from)}: ${message.text}`)
}

function settle(settings: Settings): void {
  drawn?.panel.set(settings)
  steps.settle()
  for (const button of document.querySelectorAll('[data-wire]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-wire') === settings.wire))
  }
}

function edit(message: ShownMessage): void {
  show('compose')
  composer?.use().then((panel) => {
    panel.edit(message)
  }, complain)
}

function tellFaults(now: ArmedFault[]): void {
  armed = now
  outcomes.arm(armed, performance.now())
  drawFaults()
}

function drawFaults(): void {
  drawn?.panel.show(armed, outcomes.used)
  sendFaults.show(armed, outcomes.used)
  countFaults(armed.reduce((sum, { times }) => sum + times, 0))
}

function addEntry(entry: TimelineEntry): void {
  entries.add(entry)
  steps.see(entry)
  if (outcomes.note(entry, performance.now())) drawFaults()
}

function tellAnswer(answered: Answered): void {
  if (outcomes.answer(answered)) drawFaults()
}

/** The pages in the web views read it: the consent page, and the sample app of the demo. */
function rememberLanguage(): void {
  document.cookie = `kenar_language=${currentLanguage()}; path=/; max-age=31536000; samesite=lax`
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
  toast(noteText(messageOf(error)).text, 'danger', say('dismiss'))
}

onEach('data-wire', (value) => {
  const wire: Wire = value === 'v2' ? 'v2' : 'v1'
  api.set({ wire }).catch(complain)
})
followWords(WORDS, rememberLanguage)
listen(
  {
    snapshot: draw,
    message: addMessage,
    entry: addEntry,
    settings: settle,
    faults: tellFaults,
    forgotten: ({ messages, entries: ids }) => {
      for (const phone of Object.values(drawn?.phones ?? {})) phone.forget(messages)
      entries.forget(ids)
    },
  },
  tellConnection,
)
