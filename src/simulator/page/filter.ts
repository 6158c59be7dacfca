import type { EntryKind, TimelineEntry } from '../shown.ts'
import { toAddress } from '../../ui/address.ts'
import { choice } from '../../ui/choice.ts'
import { make } from '../../ui/dom.ts'
import { sayTimeline } from './timeline-words.ts'
import { sayKind, sayOutcome } from './words.ts'

const ENTRY_KINDS = [
  'click',
  'resolver',
  'action',
  'landing',
  'consent',
  'token',
  'delivery',
  'bot',
  'event',
  'subscription',
  'users',
  'platform',
  'other',
] as const satisfies readonly EntryKind[]
const OUTCOMES = ['ok', 'refused', 'failed', 'faulted'] as const satisfies readonly TimelineEntry['outcome'][]

/** Which entries are shown; an empty string means all. */
export type Filter = { kind: string; outcome: string }

/** Two lists to choose from. What is chosen is in the address, so that a link leads to the same entries. */
export function filterBar(onChange: (filter: Filter) => void): {
  element: HTMLElement
  current: () => Filter
  clear: () => void
} {
  const kind = choice({
    name: 'kind',
    all: ENTRY_KINDS,
    sayName: () => sayTimeline('kind'),
    sayAny: () => sayTimeline('allKinds'),
    sayOne: sayKind,
  })
  const outcome = choice({
    name: 'outcome',
    all: OUTCOMES,
    sayName: () => sayTimeline('outcome'),
    sayAny: () => sayTimeline('allOutcomes'),
    sayOne: sayOutcome,
  })
  const current = () => ({ kind: kind.value, outcome: outcome.value })
  const changed = () => {
    toAddress(current())
    onChange(current())
  }
  kind.addEventListener('change', changed)
  outcome.addEventListener('change', changed)
  const clear = () => {
    kind.value = ''
    outcome.value = ''
    changed()
  }
  return { element: make('div', { class: 'row filter' }, kind, outcome), current, clear }
}
