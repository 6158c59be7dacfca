import { make } from '../../ui/dom.ts'
import { inLanguage, numberText, textOf } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import type { ArmedFault, EntryKind, FaultName, TimelineEntry } from '../shown.ts'
import { fill, TEXT } from './compose-words.ts'
import type { UsedFault } from './fault-outcomes.ts'
import { sayFault } from './words.ts'

/** Faults as chips: idle, armed with a count, or used up. `attribute` names each chip's fault. */
export function faultChips(names: readonly FaultName[], attribute: string, arm: (fault: FaultName) => void) {
  let armed: readonly ArmedFault[] = []
  let used: readonly UsedFault[] = []
  const chips = names.map((name) => {
    const click = () => {
      arm(name)
    }
    const chip = make('button', { class: 'chip', attributes: { type: 'button', [attribute]: name }, on: { click } })
    const draw = () => {
      const count = armed.reduce((sum, { fault, times }) => (fault === name ? sum + times : sum), 0)
      const isUsed = count === 0 && used.some(({ fault }) => fault === name)
      chip.setAttribute('aria-pressed', String(count > 0))
      chip.classList.toggle('used', isUsed)
      chip.replaceChildren(make('span', { text: sayFault(name) }), ...markOf(count, isUsed))
    }
    inLanguage(chip, draw)
    return { chip, draw }
  })
  return {
    elements: chips.map(({ chip }) => chip),
    show: (nowArmed: readonly ArmedFault[], nowUsed: readonly UsedFault[]) => {
      armed = nowArmed
      used = nowUsed
      for (const { draw } of chips) draw()
    },
  }
}

function markOf(count: number, isUsed: boolean): HTMLElement[] {
  if (count > 0) {
    const words = textOf(fill(TEXT.armedTimes, { count: numberText(count) }))
    return [
      make('span', { text: `×${numberText(count)}`, attributes: { 'aria-hidden': 'true' } }),
      make('span', { class: 'sr', text: words }),
    ]
  }
  if (!isUsed) return []
  return [
    make('span', { text: '✓', attributes: { 'aria-hidden': 'true' } }),
    make('span', { class: 'sr', text: textOf(TEXT.used) }),
  ]
}

/** What came of the faults that were used up, newest first; at most `limit`. */
export function outcomeList(limit: number) {
  const list = make('ul', { attributes: { 'data-fault-outcomes': '' } })
  const element = make(
    'div',
    { class: 'fault-outcomes', attributes: { role: 'status', hidden: '' } },
    worded('p', TEXT.whatCame, { class: 'soft' }),
    list,
  )
  let used: readonly UsedFault[] = []
  const draw = () => {
    list.replaceChildren(...used.slice(0, limit).map((one) => make('li', { text: tell(one) })))
  }
  inLanguage(list, draw)
  return {
    element,
    show: (now: readonly UsedFault[]) => {
      used = now
      element.hidden = used.length === 0
      draw()
    },
  }
}

/** Requests of the platform to the app. */
const TO_APP: ReadonlySet<EntryKind> = new Set<EntryKind>(['click', 'action', 'event'])

function tell({ fault, entry, answered, next }: UsedFault): string {
  const said = TO_APP.has(entry.kind) ? TEXT.appSaid : TEXT.platformSaid
  const steps = [textOf(fill(said, { what: statusOf(entry) }))]
  if (answered) {
    const what = `${answered.status}${answered.code === undefined ? '' : ` ${answered.code}`}`
    steps.push(textOf(fill(TEXT.serviceGot, { what })))
  }
  if (next) {
    const passed = (Date.parse(next.at) - Date.parse(entry.at)) / 1000
    const seconds = numberText(Math.round(passed * 10) / 10)
    steps.push(textOf(fill(TEXT.triedAgain, { seconds, what: statusOf(next) })))
  }
  const arrow = document.documentElement.dir === 'rtl' ? ' ← ' : ' → '
  return `${sayFault(fault)}: ${steps.join(arrow)}`
}

function statusOf({ response }: TimelineEntry): string {
  return response === undefined ? textOf(TEXT.noAnswer) : String(response.status)
}
