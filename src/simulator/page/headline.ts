import type { Snapshot, TimelineEntry } from '../shown.ts'
import { make } from '../../ui/dom.ts'
import { currentLanguage, numberText, textOf } from '../../ui/language.ts'
import { parse } from './exports.ts'
import { summarize, type Step, type Summary } from './journey-summary.ts'
import { pieces, sayTimeline, type TimelineWord } from './timeline-words.ts'
import { sayKind } from './words.ts'

/** One sentence about a journey in the page's language: who did what, and how it ended. */
export function headline(entries: readonly [TimelineEntry, ...TimelineEntry[]], people: Snapshot['people']): Node[] {
  const summary = summarize(entries)
  const { act, side, isRepeat, steps } = summary
  const name = side === undefined ? undefined : textOf(people[side].name)
  const values = { name: name ?? '', caption: captionOf(summary, entries) }
  return [
    ...(isRepeat ? [make('span', { class: 'soft', text: `${sayTimeline('repeat')} ` })] : []),
    ...filled(wordOfAct(act, name), values),
    ...steps.flatMap((step) => [arrow(), stepText(step)]),
  ]
}

function wordOfAct(act: Summary['act'], name: string | undefined): TimelineWord {
  if (name === undefined && act === 'message') return 'messageOfNobody'
  if (name === undefined && act === 'bot') return 'botOfNobody'
  return act
}

function captionOf({ act, caption }: Summary, entries: readonly TimelineEntry[]): string {
  if (caption !== undefined) return caption
  if (act === 'event') return entries.map(eventType).find((type) => type !== undefined) ?? ''
  return entries[0] === undefined ? '' : sayKind(entries[0].kind)
}

/** What an event is about, since all events go to one address. */
export function eventType({ kind, request }: TimelineEntry): string | undefined {
  const body = kind === 'event' && request ? parse(request.body) : undefined
  const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined
  return typeof type === 'string' ? type : undefined
}

function filled(word: TimelineWord, values: Readonly<Record<string, string>>): Node[] {
  return pieces(word).map(({ text, name = '' }) =>
    text === undefined ? make('bdi', { text: values[name] ?? '' }) : document.createTextNode(text),
  )
}

function arrow(): HTMLElement {
  return make('span', { class: 'soft', text: currentLanguage() === 'fa' ? ' ← ' : ' → ' })
}

const MEANINGS: Partial<Record<Step['what'], string>> = {
  denied: 'attention',
  faulted: 'attention',
  silent: 'danger',
  threw: 'danger',
  refused: 'danger',
  undelivered: 'danger',
  delivered: 'success',
}

function stepText(step: Step): HTMLElement {
  if ('pace' in step) {
    const { what, ms, pace } = step
    const text = ms === undefined ? sayTimeline(what) : sayTimeline(`${what}In`, { ms: numberText(Math.round(ms)) })
    return pace === 'fine'
      ? make('span', { text })
      : make('span', { class: pace === 'slow' ? 'attention' : 'danger', text: `${text} (${sayTimeline(pace)})` })
  }
  const about = MEANINGS[step.what]
  return make('span', { ...(about !== undefined && { class: about }), text: plainText(step) })
}

function plainText(step: Exclude<Step, { pace: unknown }>): string {
  switch (step.what) {
    case 'delivered':
      return sayTimeline('delivered', { count: numberText(step.count) })
    case 'refused':
    case 'undelivered':
      return step.status === undefined
        ? sayTimeline(step.what)
        : sayTimeline(`${step.what}With`, { status: String(step.status) })
    case 'allowed':
    case 'denied':
    case 'silent':
    case 'threw':
    case 'faulted':
      return sayTimeline(step.what)
  }
}
