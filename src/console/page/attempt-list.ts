import { at as timeAt } from '../../ui/ago.ts'
import { make } from '../../ui/dom.ts'
import { numberText, spanText } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import type { Message } from './shapes.ts'
import { outcomeMeaning, sayOutcome } from './state-words.ts'

/** The attempts of a message, the newest first, each with what was answered. */
export function attemptList({ attempts, wire }: Message): HTMLElement {
  return make(
    'ol',
    { class: 'attempt-list' },
    ...attempts.toReversed().map(({ number, at, ended_at: ended, outcome, status, code, reason }) => {
      const facts = [status, code, reason].filter((one) => one !== null).join(' · ')
      const took = ended === null ? [] : [make('span', { text: spanText(Date.parse(ended) - Date.parse(at)) })]
      return make(
        'li',
        {},
        make('b', { text: numberText(number) }),
        make(
          'span',
          {},
          mark(outcomeMeaning(outcome), sayOutcome(outcome, wire)),
          ...(facts === '' ? [] : [make('bdi', { class: 'soft', text: facts })]),
        ),
        make('span', { class: 'when' }, ...took, timeAt(at)),
      )
    }),
  )
}
