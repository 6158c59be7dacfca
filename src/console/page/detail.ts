import { ago } from '../../ui/ago.ts'
import { copyButton } from '../../ui/copy.ts'
import { find, make } from '../../ui/dom.ts'
import { inLanguage, numberText, spanText, textOf, type Text } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import { messageActs } from './acts.ts'
import { attemptsChart } from './chart.ts'
import { DETAIL_WORDS } from './detail-words.ts'
import { entryList } from './entries.ts'
import { ENTRY_WORDS } from './entry-words.ts'
import type { Entry, Message, Subscription } from './shapes.ts'
import { meaningOf, outcomeMeaning, sayOutcome, sayState, whyOf } from './state-words.ts'
import { say } from './words.ts'

/** What is shown beside the list. */
export type Shown =
  | { kind: 'message'; message: Message; entries: readonly Entry[] | undefined }
  | { kind: 'subscription'; subscription: Subscription }
  | { kind: 'gone'; id: string }

type Acts = { close: () => void; open: (id: string) => void; changed: () => void }

export type Detail = {
  show: (shown: Shown | undefined) => void
  /** Moves the focus to its heading. */
  focus: () => void
}

/** The details beside the list. Escape and the button close them. */
export function detailPanel(acts: Acts): Detail {
  const place = find('data-detail')
  let shown: Shown | undefined
  let drawnAs = ''
  const draw = () => {
    place.hidden = shown === undefined
    if (shown === undefined) {
      place.replaceChildren()
      return
    }
    const focused = focusedPart(place)
    place.replaceChildren(...partsOf(shown, acts))
    focused?.()
  }
  inLanguage(place, draw)
  return {
    show: (next) => {
      const nextAs = JSON.stringify(next)
      shown = next
      if (nextAs === drawnAs) return
      drawnAs = nextAs
      draw()
    },
    focus: () => {
      const heading = place.querySelector('h2')
      heading?.focus()
      heading?.scrollIntoView({ block: 'nearest' })
    },
  }
}

/** What had the focus before the panel is drawn anew, to get it again. */
function focusedPart(place: HTMLElement): (() => void) | undefined {
  const focused = document.activeElement
  if (!(focused instanceof HTMLElement) || !place.contains(focused)) return undefined
  const { act } = focused.dataset
  const selector = act === undefined ? (focused.matches('[data-close]') ? '[data-close]' : 'h2') : `[data-act="${act}"]`
  return () => {
    const again = place.querySelector<HTMLElement>(selector) ?? place.querySelector('h2')
    again?.focus({ preventScroll: true })
  }
}

function partsOf(shown: Shown, acts: Acts): Node[] {
  switch (shown.kind) {
    case 'message':
      return messageParts(shown.message, shown.entries, acts)
    case 'subscription':
      return subscriptionParts(shown.subscription, acts.close)
    case 'gone':
      return [
        ...headParts(shown.id, undefined, acts.close),
        make('p', { class: 'soft', text: textOf(DETAIL_WORDS.gone) }),
      ]
  }
}

function headParts(id: string, state: Node | undefined, close: () => void): Node[] {
  const button = make('button', {
    class: 'quiet',
    text: '×',
    attributes: { type: 'button', 'data-close': '', 'aria-label': textOf(DETAIL_WORDS.close) },
    on: { click: close },
  })
  const title = make('h2', { attributes: { tabindex: '-1' } }, ...(state === undefined ? [] : [state]))
  if (state === undefined) title.append(make('bdi', { class: 'id', text: id }))
  return [
    make('div', { class: 'detail-head' }, title, button),
    make(
      'div',
      { class: 'row' },
      make('bdi', { class: 'id', text: id }),
      copyButton(DETAIL_WORDS.copyId, () => id),
      copyButton(DETAIL_WORDS.link, () => location.href),
    ),
  ]
}

function messageParts(message: Message, entries: readonly Entry[] | undefined, { close, open, changed }: Acts): Node[] {
  const { id, state, caller, wire, created_at: created, finished_at: finished, next_attempt_at: next } = message
  const { not_before: notBefore, expires_at: expiresAt } = message
  const isEvent = wire === 'event'
  const chart = attemptsChart(message)
  const why = whyOf(message)
  return [
    ...headParts(id, mark(meaningOf(state), sayState(state)), close),
    ...(why === undefined ? [] : [whyPart(why)]),
    make(
      'dl',
      {},
      ...(isEvent ? [] : fact(say('caller'), make('bdi', { text: caller }))),
      ...(isEvent ? [] : fact(say('wire'), make('bdi', { text: wire }))),
      ...fact(textOf(isEvent ? DETAIL_WORDS.received : DETAIL_WORDS.accepted), ago(created)),
      ...(finished === null ? [] : fact(textOf(DETAIL_WORDS.ended), ago(finished))),
      ...(notBefore === undefined ? [] : fact(textOf(DETAIL_WORDS.notBefore), ago(notBefore))),
      ...(expiresAt === undefined ? [] : fact(textOf(DETAIL_WORDS.expiresAt), ago(expiresAt))),
      ...(next === null || state !== 'queued' || next === notBefore ? [] : fact(textOf(DETAIL_WORDS.next), ago(next))),
    ),
    messageActs(message, changed),
    make(
      'section',
      {},
      make('h3', { text: textOf(DETAIL_WORDS.attempts) }),
      ...(chart === undefined ? [make('p', { class: 'soft', text: textOf(DETAIL_WORDS.noAttempts) })] : [chart]),
      attemptList(message),
    ),
    ...(entries === undefined || entries.length === 0
      ? []
      : [make('section', {}, make('h3', { text: textOf(ENTRY_WORDS.timeline) }), entryList(entries, id, open))]),
  ]
}

function whyPart(why: string, ...more: readonly Node[]): HTMLElement {
  return make(
    'p',
    { class: 'why', attributes: { 'data-why': '' } },
    make('b', { text: `${textOf(DETAIL_WORDS.why)}: ` }),
    make('span', { text: why }),
    ...more,
  )
}

function attemptList({ attempts, wire }: Message): HTMLElement {
  return make(
    'ol',
    { class: 'attempt-list' },
    ...attempts.toReversed().map(({ number, at, ended_at: ended, outcome, status, code, reason }) => {
      const facts = [status, code, reason].filter((one) => one !== null).join(' · ')
      return make(
        'li',
        {},
        make('b', { text: numberText(number) }),
        mark(outcomeMeaning(outcome), sayOutcome(outcome, wire)),
        ...(facts === '' ? [] : [make('bdi', { class: 'soft', text: facts })]),
        ...(ended === null
          ? []
          : [make('span', { class: 'soft', text: spanText(Date.parse(ended) - Date.parse(at)) })]),
        ago(at),
      )
    }),
  )
}

function subscriptionParts(subscription: Subscription, close: () => void): Node[] {
  const { id, state, caller, event_type: type, created_at: created, next_attempt_at: next, error } = subscription
  const why: Text | undefined =
    state === 'waiting'
      ? DETAIL_WORDS.waitsForConsent
      : state === 'failed'
        ? DETAIL_WORDS.subscriptionFailed
        : undefined
  return [
    ...headParts(id, mark(meaningOf(state), sayState(state)), close),
    ...(why === undefined ? [] : [whyPart(textOf(why), make('bdi', { text: ` ${errorText(error)}` }))]),
    make(
      'dl',
      {},
      ...fact(say('caller'), make('bdi', { text: caller })),
      ...fact(say('eventType'), make('bdi', { text: type })),
      ...fact(textOf(DETAIL_WORDS.created), ago(created)),
      ...(next === null ? [] : fact(textOf(DETAIL_WORDS.next), ago(next))),
    ),
  ]
}

export function errorText(error: Subscription['error']): string {
  if (error === undefined || error === null) return ''
  return typeof error === 'string' ? error : [error.status, error.code].filter((one) => one !== undefined).join(' · ')
}

function fact(name: string, value: Node): Node[] {
  return [make('dt', { text: name }), make('dd', {}, value)]
}
