import { ago } from '../../ui/ago.ts'
import { make } from '../../ui/dom.ts'
import { numberText, textOf } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import { dataTable } from '../../ui/data-table.ts'
import { DETAIL_WORDS } from './detail-words.ts'
import { errorText } from './detail.ts'
import type { Message, Subscription } from './shapes.ts'
import { meaningOf, sayOutcome, sayState } from './state-words.ts'
import { say } from './words.ts'

const code = (text: string) => make('bdi', { text })
const idCell = (id: string) => [make('bdi', { class: 'id', text: id })]

/** The table of messages, or of events, which have no caller and one wire. */
export function messageTable(kind: 'messages' | 'events', onOpen: (id: string) => void) {
  return dataTable<Message>(
    () => say(kind),
    [
      { name: 'state', title: () => say('state'), cell: ({ state }) => [mark(meaningOf(state), sayState(state))] },
      { name: 'id', title: () => say('id'), cell: ({ id }) => idCell(id) },
      ...(kind === 'events'
        ? []
        : [
            { name: 'caller', title: () => say('caller'), cell: ({ caller }: Message) => [code(caller)] },
            { name: 'wire', title: () => say('wire'), cell: ({ wire }: Message) => [code(wire)] },
          ]),
      {
        name: 'tries',
        title: () => say('tries'),
        cell: ({ attempts }) => [make('span', { text: numberText(attempts.length) })],
      },
      { name: 'error', title: () => say('lastError'), cell: errorCell },
      {
        name: 'when',
        title: () => say('when'),
        cell: ({ finished_at: end, created_at: begin }) => [ago(end ?? begin)],
      },
    ],
    { keyOf: ({ id }) => id, onOpen },
  )
}

function errorCell({ state, wire, last_error: error }: Message): Node[] {
  if (error === null || state === 'delivered') return []
  return [
    make('span', { text: `${sayOutcome(error.outcome, wire)} ` }),
    ...(error.status === null ? [] : [code(String(error.status))]),
  ]
}

export function subscriptionTable(onOpen: (id: string) => void) {
  return dataTable<Subscription>(
    () => say('subscriptions'),
    [
      { name: 'state', title: () => say('state'), cell: ({ state }) => [mark(meaningOf(state), sayState(state))] },
      { name: 'id', title: () => say('id'), cell: ({ id }) => idCell(id) },
      { name: 'caller', title: () => say('caller'), cell: ({ caller }) => [code(caller)] },
      { name: 'type', title: () => say('eventType'), cell: ({ event_type: type }) => [code(type)] },
      {
        name: 'next',
        title: () => textOf(DETAIL_WORDS.next),
        cell: ({ next_attempt_at: at }) => (at === null ? [] : [ago(at)]),
      },
      {
        name: 'error',
        title: () => say('lastError'),
        cell: ({ error }) => (error === undefined || error === null ? [] : [code(errorText(error))]),
      },
      { name: 'created', title: () => textOf(DETAIL_WORDS.created), cell: ({ created_at: at }) => [ago(at)] },
    ],
    { keyOf: ({ id }) => id, onOpen },
  )
}
