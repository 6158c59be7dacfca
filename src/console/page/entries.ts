import { ago } from '../../ui/ago.ts'
import { make } from '../../ui/dom.ts'
import { spanText, textOf } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import { ENTRY_WORDS, resultMeaning, sayKind, sayResult } from './entry-words.ts'
import type { Entry } from './shapes.ts'
import { sayState } from './state-words.ts'
import { fill } from './words.ts'

/** Ids of messages and events, which have details of their own. */
const OPENS = /^(?:msg|dve)_/

/**
 * The steps of a conversation, the newest first.
 * @param openId the message whose details are shown; its steps are marked
 * @param open shows the details of another one
 */
export function entryList(entries: readonly Entry[], openId: string, open: (id: string) => void): HTMLElement {
  return make(
    'ol',
    { class: 'entries', attributes: { 'data-entries': '' } },
    ...entries.map((one) => item(one, openId, open)),
  )
}

function item(entry: Entry, openId: string, open: (id: string) => void): HTMLElement {
  const { id, kind, result, duration_ms: duration, state, wire, status, code, reason } = entry
  const isOwn = id !== null && id === openId
  const facts = [
    ...(wire === null ? [] : [wire]),
    ...(status === null ? [] : [String(status)]),
    ...(code === null ? [] : [code]),
    ...(reason === null ? [] : [reason]),
  ]
  const head = make(
    'p',
    { class: 'entry-head' },
    make('b', { text: sayKind(entry) }),
    mark(resultMeaning(entry), sayResult(entry)),
    ...(duration === null
      ? []
      : [make('span', { class: 'soft', text: fill(textOf(ENTRY_WORDS.took), { span: spanText(duration) }) })]),
    ago(entry.at),
  )
  const line = make('li', { attributes: { 'data-kind': kind, 'data-result': result } }, head)
  if (isOwn) line.dataset['own'] = ''
  const said = facts.length === 0 ? [] : [make('bdi', { text: facts.join(' · ') })]
  // Attempts of several messages may alternate.
  const whose = id === null || isOwn || kind === 'send' ? [] : [make('bdi', { class: 'id', text: id })]
  if (said.length + whose.length > 0) line.append(make('p', { class: 'facts' }, ...said, ...whose))
  if (kind === 'send' && id !== null) line.append(sendLine(id, state, isOwn, open))
  return line
}

/** Which message it is, where it is now, and a way to it. */
function sendLine(id: string, state: Entry['state'], isOwn: boolean, open: (id: string) => void): HTMLElement {
  const line = make('p', { class: 'facts' }, make('bdi', { class: 'id', text: id }))
  if (state !== null) {
    line.append(make('span', { text: fill(textOf(ENTRY_WORDS.now), { state: sayState(state) }) }))
  }
  if (isOwn) line.append(make('span', { text: textOf(ENTRY_WORDS.thisOne) }))
  else if (state !== null && OPENS.test(id)) {
    const button = make('button', {
      class: 'quiet small',
      text: textOf(ENTRY_WORDS.openMessage),
      attributes: { type: 'button', 'data-open': id, 'aria-label': `${textOf(ENTRY_WORDS.openMessage)} ${id}` },
    })
    button.addEventListener('click', () => {
      open(id)
    })
    line.append(button)
  }
  return line
}
