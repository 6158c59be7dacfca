import { refreshTimes } from '../../ui/ago.ts'
import { find, make } from '../../ui/dom.ts'
import { inLanguage, numberText, percentText, spanText, textOf } from '../../ui/language.ts'
import { mark } from '../../ui/mark.ts'
import { ATTENTION_WORDS, isNothing, isUnread, sayItem } from './attention-words.ts'
import type { Attention, AttentionItem, Level, Rate } from './shapes.ts'
import type { View } from './view.ts'
import { fill } from './words.ts'

const MEANINGS = { ok: 'success', attention: 'attention', danger: 'danger' } as const satisfies Record<Level, string>
const ORDER: readonly Level[] = ['danger', 'attention', 'ok']
/** Shown even when there is nothing to do. */
const ALWAYS = new Set(['store', 'messages_waiting', 'breakers', 'backup'])

/** Where an item leads. */
const LEADS: Readonly<Record<string, Partial<View>>> = {
  messages_failed: { tab: 'messages', state: 'failed', age: 'day' },
  messages_unknown: { tab: 'messages', state: 'unknown', age: 'day' },
  messages_expired: { tab: 'messages', state: 'expired', age: 'day' },
  messages_waiting: { tab: 'messages', state: 'queued', age: '' },
  events_failing: { tab: 'events', state: '', age: 'day' },
  subscriptions_failed: { tab: 'subscriptions', state: 'failed', age: '' },
  subscriptions_waiting: { tab: 'subscriptions', state: 'waiting', age: '' },
}

/** The strip that says what needs attention. @param go shows a list */
export function attentionStrip(go: (view: Partial<View>) => void): {
  show: (attention: Attention) => void
  /** Keeps its place on the page until it is read. */
  expect: () => void
} {
  const strip = find('data-attention-strip')
  const list = find('data-attention')
  const others = find('data-fine')
  const day = find('data-last-day')
  let shown: Attention | undefined
  const draw = () => {
    if (shown === undefined) return
    const items = shown.items.filter((item) => !isUnread(item) || item.level !== 'ok')
    const urgent = ORDER.flatMap((level) => items.filter((item) => item.level === level && level !== 'ok'))
    const fine = items.filter(({ level }) => level === 'ok')
    const calm = fine.filter(({ code }) => ALWAYS.has(code))
    const rest = fine.filter(({ code }) => !ALWAYS.has(code))
    const nothing = make('li', {}, mark('success', textOf(ATTENTION_WORDS.allFine)))
    list.replaceChildren(
      ...(urgent.length === 0 ? [nothing] : []),
      ...[...urgent, ...calm].map((item) => entry(item, go)),
    )
    others
      .querySelector('summary')
      ?.replaceChildren(fill(textOf(ATTENTION_WORDS.others), { count: numberText(rest.length) }))
    others.querySelector('ul')?.replaceChildren(...rest.map((item) => entry(item, go)))
    const { sessions, events, actions } = shown.last_24_hours
    others.hidden = rest.length === 0
    day.replaceChildren(
      make('span', { class: 'soft', text: textOf(ATTENTION_WORDS.lastDay) }),
      rate(textOf(ATTENTION_WORDS.sessions), sessions),
      rate(textOf(ATTENTION_WORDS.events), events),
      rate(textOf(ATTENTION_WORDS.actions), actions),
      make('span', { class: 'soft', text: textOf(ATTENTION_WORDS.rule) }),
    )
  }
  inLanguage(list, draw)
  return {
    show: (attention) => {
      // Anew only when something changed, so that the focus stays.
      const isSame = shown !== undefined && JSON.stringify({ ...attention, at: shown.at }) === JSON.stringify(shown)
      shown = attention
      if (!isSame) keepFocus(list, draw)
      strip.hidden = false
      strip.toggleAttribute('data-loading', false)
      refreshTimes()
    },
    expect: () => {
      strip.hidden = false
      strip.toggleAttribute('data-loading', true)
    },
  }
}

function entry(item: AttentionItem, go: (view: Partial<View>) => void): HTMLElement {
  const said = mark(isNothing(item) ? 'information' : MEANINGS[item.level], sayItem(item))
  const lead = LEADS[item.code]
  const attributes = { 'data-item': item.code, 'data-level': item.level }
  if (lead === undefined || (item.count ?? 0) === 0) return make('li', { attributes }, said)
  const button = make('button', { class: 'chip', attributes: { type: 'button' } }, said)
  button.addEventListener('click', () => {
    go({ wire: '', caller: '', conversation: '', open: '', ...lead })
  })
  return make('li', { attributes }, button)
}

function rate(name: string, { count, error_share: share, p99_ms: p99 }: Rate): HTMLElement {
  const text =
    count === 0
      ? textOf(ATTENTION_WORDS.noRate)
      : fill(textOf(ATTENTION_WORDS.rate), {
          count: numberText(count),
          p99: p99 === null ? '–' : spanText(p99),
          share: percentText(share),
        })
  return make('span', {}, make('b', { text: `${name} ` }), make('span', { text }))
}

/** Draws, and gives the focus back to the item that had it. */
function keepFocus(list: HTMLElement, draw: () => void): void {
  const code = document.activeElement?.closest<HTMLElement>('[data-item]')?.dataset['item']
  draw()
  if (code !== undefined) list.querySelector<HTMLElement>(`[data-item="${code}"] button`)?.focus()
}
