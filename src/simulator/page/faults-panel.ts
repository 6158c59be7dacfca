import type { ArmedFault, FaultName, Settings, Side, Snapshot } from '../shown.ts'
import { api } from './api.ts'
import { announce, make, messageOf } from '../../ui/dom.ts'
import { toast } from '../../ui/toast.ts'
import { worded } from '../../ui/worded.ts'
import { inLanguage, numberText, textOf } from '../../ui/language.ts'
import { TEXT } from './compose-words.ts'
import { faultChips, outcomeList } from './fault-chips.ts'
import type { UsedFault } from './fault-outcomes.ts'
import { noteText } from './notes.ts'
import { wordOf, say, sayFault, type Word } from './words.ts'

const SEND_FAULTS: FaultName[] = [
  '401',
  '403',
  '412',
  '429',
  '500',
  'slow',
  'silence',
  'reset',
  'reset_after',
  '103_reset',
]

const GROUPS: [Word, FaultName[]][] = [
  ['groupSend', SEND_FAULTS],
  ['groupConsent', ['stolen_state']],
  [
    'groupToken',
    [
      'token_500',
      'token_reset',
      'token_reset_after',
      'code_expired',
      'partial_scopes',
      'foreign_scopes',
      'no_refresh_token',
      'new_token_refused',
    ],
  ],
  ['groupClick', ['duplicate_click', 'wrong_key']],
  ['groupEvent', ['event_twice', 'event_late', 'event_wrong_key']],
]

export type FaultsPanel = {
  show: (armed: ArmedFault[], used: readonly UsedFault[]) => void
  set: (settings: Settings) => void
}

/** Where faults are asked for, a block is set, and the app's address is changed. */
export function faultsPanel(element: HTMLElement, snapshot: Snapshot, onClear: () => void): FaultsPanel {
  const times = make(
    'select',
    { attributes: { id: 'times' } },
    ...[1, 2, 3, 4, 5].map((count) => make('option', { text: String(count), attributes: { value: String(count) } })),
  )
  const armedList = make('output', { attributes: { 'data-armed': '' } })
  let armed: ArmedFault[] = snapshot.faults
  const drawArmed = () => {
    const list = armed.map(({ fault, times: count }) => `${sayFault(fault)} × ${numberText(count)}`).join('، ')
    armedList.textContent = `${say('armed')}: ${list === '' ? say('none') : list}`
  }
  inLanguage(armedList, drawArmed)

  const groups = GROUPS.map(([word, names]) => {
    const chips = faultChips(names, 'data-fault', (name) => {
      armFault(name, Number(times.value))
    })
    return { chips, element: make('fieldset', {}, worded('legend', wordOf(word)), ...chips.elements) }
  })
  const outcomes = outcomeList(10)
  const clear = worded('button', wordOf('clear'), {
    class: 'quiet',
    attributes: { type: 'button', 'data-clear-faults': '' },
  })
  clear.addEventListener('click', () => {
    onClear()
    void api.clearFaults().catch(complain)
  })
  const blocks = (['seller', 'buyer'] as const).map((side) => blockSwitch(side, snapshot))
  const spelling = spellingSwitch()
  const addresses = ADDRESSES.map(addressForm)
  element.replaceChildren(
    worded('p', wordOf('faultsHelp'), { class: 'soft' }),
    make('div', { class: 'row' }, worded('label', wordOf('times'), { attributes: { for: 'times' } }), times, clear),
    armedList,
    outcomes.element,
    ...groups.map((group) => group.element),
    make('div', { class: 'row' }, ...blocks.map(({ label }) => label), spelling.label),
    ...addresses.map(({ form }) => form),
  )
  const set = (settings: Settings) => {
    const { blockedBy, supplierKey } = settings
    for (const address of addresses) address.show(settings)
    spelling.box.checked = supplierKey === 'Supplier'
    for (const { side, box } of blocks) box.checked = blockedBy === side
  }
  set(snapshot.settings)
  return {
    set,
    show: (now, used) => {
      armed = now
      drawArmed()
      outcomes.show(used)
      for (const { chips } of groups) chips.show(now, used)
    },
  }
}

/** The faults of a send, beside the composer. */
export function quickFaults() {
  const chips = faultChips(SEND_FAULTS, 'data-send-fault', (name) => {
    armFault(name, 1)
  })
  const outcomes = outcomeList(3)
  const legend = worded('legend', TEXT.faults)
  return {
    element: make(
      'div',
      { class: 'faults' },
      make('fieldset', { class: 'quick' }, legend, ...chips.elements),
      outcomes.element,
    ),
    show: (armed: ArmedFault[], used: readonly UsedFault[]) => {
      chips.show(armed, used)
      outcomes.show(used)
    },
  }
}

/** Arms a fault for the next requests of its kind. */
function armFault(name: FaultName, times: number): void {
  void api.arm(name, times).then(() => {
    announce(`${say('armed')}: ${sayFault(name)}`)
  }, complain)
}

function blockSwitch(side: Side, { people }: Snapshot) {
  const box = make('input', { attributes: { type: 'checkbox', 'data-blocks': side } })
  box.addEventListener('change', () => void api.set({ blocked_by: box.checked ? side : null }).catch(complain))
  const words = make('span')
  inLanguage(words, () => {
    words.textContent = `${textOf(people[side].name)} ${say('blocked')}`
  })
  return { side, box, label: make('label', { class: 'check' }, box, words) }
}

function spellingSwitch() {
  const box = make('input', { attributes: { type: 'checkbox', 'data-supplier-key': '' } })
  box.addEventListener('change', () => {
    void api.set({ supplier_key: box.checked ? 'Supplier' : 'supplier' }).catch(complain)
  })
  return { box, label: make('label', { class: 'check' }, box, worded('span', wordOf('supplierKey'))) }
}

const ADDRESSES = [
  { word: 'sessionUrl', id: 'session-url', name: 'session_url', read: ({ sessionUrl }) => sessionUrl },
  { word: 'actionUrl', id: 'action-url', name: 'action_url', read: ({ actionUrl }) => actionUrl },
  { word: 'eventsUrl', id: 'events-url', name: 'events_url', read: ({ eventsUrl }) => eventsUrl },
] as const satisfies { word: Word; id: string; name: string; read: (settings: Settings) => string }[]

function addressForm({ word, id, name, read }: (typeof ADDRESSES)[number]) {
  const input = make('input', {
    attributes: { id, type: 'url', dir: 'ltr', required: '', [`data-${id}`]: '' },
  })
  const submit = (event: Event) => {
    event.preventDefault()
    api.set({ [name]: input.value }).then(() => {
      toast(`${say('addressSaved')}: ${say(word)}`, 'success', say('dismiss'))
    }, complain)
  }
  const save = worded('button', wordOf('save'), { class: 'quiet', attributes: { type: 'submit' } })
  const form = make(
    'form',
    { class: 'row', on: { submit } },
    worded('label', wordOf(word), { attributes: { for: id } }),
    input,
    save,
  )
  let shown = ''
  const show = (settings: Settings) => {
    // What is half typed is left alone.
    if (input.value === shown) input.value = read(settings)
    shown = read(settings)
  }
  return { form, show }
}

function complain(error: unknown): void {
  toast(noteText(messageOf(error)).text, 'danger', say('dismiss'))
}
