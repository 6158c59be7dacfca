import { ago } from '../../ui/ago.ts'
import { copyButton } from '../../ui/copy.ts'
import { find, make } from '../../ui/dom.ts'
import { dateText, inLanguage, textOf, type Text } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import { messageActs } from './acts.ts'
import { attemptList } from './attempt-list.ts'
import { attemptsChart } from './chart.ts'
import { DETAIL_WORDS } from './detail-words.ts'
import { entryList } from './entries.ts'
import { ENTRY_WORDS } from './entry-words.ts'
import type { Entry, Message, Subscription } from './shapes.ts'
import { meaningOf, sayState, whyOf, type Meaning } from './state-words.ts'
import { say } from './words.ts'

/** What is shown beside the list. */
export type Shown =
  | { kind: 'message'; message: Message; entries: readonly Entry[] | undefined }
  | { kind: 'subscription'; subscription: Subscription }
  | { kind: 'gone'; id: string }

type Acts = { close: () => void; open: (id: string) => void; changed: () => void }

export type Detail = {
  show: (shown: Shown | undefined) => void
  /** Brings its heading into sight, where it is below the list. @param withFocus moves the focus there */
  reveal: (withFocus: boolean) => void
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
    reveal: (withFocus) => {
      const heading = place.querySelector('h2')
      if (heading === null) return
      if (withFocus) heading.focus({ preventScroll: true })
      const { top, bottom } = heading.getBoundingClientRect()
      if (top < 0 || bottom > innerHeight) heading.scrollIntoView({ block: 'start' })
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
        ...headParts(shown.id, make('span', { text: textOf(DETAIL_WORDS.notFound) }), acts.close),
        make('p', { class: 'soft', text: textOf(DETAIL_WORDS.gone) }),
      ]
  }
}

function headParts(id: string, state: Node, close: () => void): Node[] {
  const button = make('button', {
    class: 'quiet',
    text: '×',
    attributes: { type: 'button', 'data-close': '', 'aria-label': textOf(DETAIL_WORDS.close) },
    on: { click: close },
  })
  return [
    make('div', { class: 'detail-head' }, make('h2', { attributes: { tabindex: '-1' } }, state), button),
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
    ...(why === undefined ? [] : [whyPart(why, meaningOf(state))]),
    make(
      'dl',
      {},
      ...(isEvent ? [] : fact(say('caller'), make('bdi', { text: caller }))),
      ...(isEvent ? [] : fact(say('wire'), make('bdi', { text: wire }))),
      ...timeFact(isEvent ? DETAIL_WORDS.received : DETAIL_WORDS.accepted, created),
      ...timeFact(DETAIL_WORDS.notBefore, notBefore),
      ...timeFact(DETAIL_WORDS.expiresAt, expiresAt),
      ...timeFact(DETAIL_WORDS.next, state === 'queued' && next !== notBefore ? next : null),
      ...timeFact(DETAIL_WORDS.ended, finished),
    ),
    messageActs(message, changed),
    make(
      'section',
      {},
      make('h3', { text: textOf(DETAIL_WORDS.attempts) }),
      ...(chart === undefined ? [] : [chart]),
      ...(message.attempts.length === 0
        ? [make('p', { class: 'soft', text: textOf(DETAIL_WORDS.noAttempts) })]
        : [attemptList(message)]),
    ),
    ...(entries === undefined || entries.length === 0
      ? []
      : [make('section', {}, make('h3', { text: textOf(ENTRY_WORDS.timeline) }), entryList(entries, id, open))]),
  ]
}

function whyPart(why: string, meaning: Meaning, ...more: readonly Node[]): HTMLElement {
  return make(
    'p',
    { class: `why why-${meaning}`, attributes: { 'data-why': '' } },
    make('b', { text: `${textOf(DETAIL_WORDS.why)}: ` }),
    make('span', { text: why }),
    ...more,
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
    ...(why === undefined
      ? []
      : [whyPart(textOf(why), meaningOf(state), make('bdi', { text: ` ${errorText(error)}` }))]),
    make(
      'dl',
      {},
      ...fact(say('caller'), make('bdi', { text: caller })),
      ...fact(say('eventType'), make('bdi', { text: type })),
      ...timeFact(DETAIL_WORDS.created, created),
      ...timeFact(DETAIL_WORDS.registersAgain, next),
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

/** A time, relative and absolute; nothing where there is none. */
function timeFact(name: Text, iso: string | null | undefined): Node[] {
  if (iso === null || iso === undefined) return []
  const absolute = make('span', { class: 'soft', text: dateText(iso) })
  return [make('dt', { text: textOf(name) }), make('dd', { class: 'row' }, ago(iso), absolute)]
}
