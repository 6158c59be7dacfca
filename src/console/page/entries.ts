import { at as timeAt } from '../../ui/ago.ts'
import { make } from '../../ui/dom.ts'
import { spanText, textOf } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import { ENTRY_WORDS, resultMeaning, sayKind, sayResult } from './entry-words.ts'
import type { Entry } from './shapes.ts'
import { sayState } from './state-words.ts'
import { fill } from './words.ts'

/** Ids of messages and events, which have details of their own. */
const OPENS = /^(?:msg|dve)_/
/** What these say is in the name of the step already. */
const NAMED_WIRES = new Set(['event', 'webhook'])

/**
 * The steps of a conversation, the newest first.
 * @param openId the message whose details are shown; its steps are marked
 * @param open shows the details of another one
 */
export function entryList(entries: readonly Entry[], openId: string, open: (id: string) => void): HTMLElement {
  const ids = entries.map(({ id }) => id)
  return make(
    'ol',
    { class: 'entries', attributes: { 'data-entries': '' } },
    ...entries.map((one, at) => item(one, openId, ids.indexOf(one.id) === at ? open : undefined)),
  )
}

/** @param open undefined beside all but the newest step of a message, which says how it ended */
function item(entry: Entry, openId: string, open: ((id: string) => void) | undefined): HTMLElement {
  const { id, kind, result, duration_ms: duration, wire, status, code, reason } = entry
  const isOwn = id !== null && id === openId
  const facts = [wire !== null && NAMED_WIRES.has(wire) ? null : wire, status, code, reason].filter(
    (one) => one !== null,
  )
  const line = make(
    'li',
    { attributes: { 'data-kind': kind, 'data-result': result } },
    make(
      'p',
      { class: 'entry-head' },
      make('span', {}, make('b', { text: sayKind(entry) }), mark(resultMeaning(entry), sayResult(entry))),
      timeAt(entry.at),
    ),
  )
  if (isOwn) line.setAttribute('aria-current', 'true')
  const said = [
    ...(duration === null ? [] : [make('span', { text: spanText(duration) })]),
    ...(facts.length === 0 ? [] : [make('bdi', { text: facts.join(' · ') })]),
    ...subjectParts(entry, isOwn, open),
  ]
  if (said.length > 0) line.append(make('p', { class: 'facts' }, ...said))
  return line
}

/** Whose step it is, since those of several messages may alternate; where a message is now, and a way to it. */
function subjectParts({ id, kind, state }: Entry, isOwn: boolean, open: ((id: string) => void) | undefined): Node[] {
  if (id === null) return []
  const begins = kind === 'send' || kind === 'event'
  if (isOwn && !begins) return []
  const name = make('bdi', { class: 'id', text: id })
  const now =
    begins && state !== null ? [make('span', { text: fill(textOf(ENTRY_WORDS.now), { state: sayState(state) }) })] : []
  const isGone = begins && state === null
  if (isOwn || isGone || open === undefined || !OPENS.test(id)) return [name, ...now]
  const button = make('button', {
    class: 'quiet small',
    text: textOf(ENTRY_WORDS.openMessage),
    attributes: { type: 'button', 'data-open': id, 'aria-label': `${textOf(ENTRY_WORDS.openMessage)} ${id}` },
    on: {
      click: () => {
        open(id)
      },
    },
  })
  return [name, ...now, button]
}
