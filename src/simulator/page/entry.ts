import type { TimelineEntry } from '../shown.ts'
import { make } from '../../ui/dom.ts'
import { inLanguage, numberText, timeText } from '../../ui/language.ts'
import { eventType } from './headline.ts'
import { paceOf } from './journey-summary.ts'
import { showNote } from './notes.ts'
import { sayTimeline } from './timeline-words.ts'
import { sayKind, sayOutcome } from './words.ts'

/** One step of a journey, folded. `onToggle` fills it or empties its place. */
export function entryItem(
  entry: TimelineEntry,
  attempt: number,
  onToggle: (details: HTMLDetailsElement, entry: TimelineEntry) => void,
): HTMLElement {
  const summary = make('summary')
  inLanguage(summary, () => {
    summary.replaceChildren(...summaryOf(entry, attempt))
  })
  const details = make('details', { class: `entry ${entry.outcome}` }, summary)
  details.addEventListener('toggle', () => {
    onToggle(details, entry)
  })
  return make(
    'li',
    {
      attributes: {
        id: `entry-${entry.id}`,
        'data-entry': String(entry.id),
        'data-kind': entry.kind,
        'data-outcome': entry.outcome,
      },
    },
    details,
  )
}

function summaryOf(entry: TimelineEntry, attempt: number): Node[] {
  const { kind, wire, outcome, response, request, at, notes } = entry
  const where = request ? `${request.method} ${shorten(request.url)}` : ''
  const [firstNote] = notes
  const badges = [wire, eventType(entry)].filter((text) => text !== undefined)
  return [
    make('span', { class: 'kind', text: sayKind(kind) }),
    ...badges.map((text) => make('span', { class: 'badge', text, attributes: { dir: 'ltr' } })),
    ...(attempt > 1
      ? [make('span', { class: 'badge', text: sayTimeline('attempt', { count: numberText(attempt) }) })]
      : []),
    make('span', {
      class: `outcome ${outcome}`,
      text: `${sayOutcome(outcome)}${response ? ` ${response.status}` : ''}`,
    }),
    ...timeTaken(entry),
    make('time', { text: timeText(at), attributes: { datetime: at, title: at } }),
    ...(where === '' ? [] : [make('code', { class: 'where', text: where, attributes: { dir: 'ltr' } })]),
    ...(firstNote === undefined || (kind === 'consent' && outcome === 'ok') ? [] : [noted(firstNote)]),
  ]
}

function noted(note: string): HTMLElement {
  const element = make('span', { class: 'note' })
  showNote(element, note)
  return element
}

function timeTaken({ ms, budgetMs }: TimelineEntry): HTMLElement[] {
  if (ms === undefined) return []
  const pace = budgetMs === undefined ? 'fine' : paceOf(ms, budgetMs)
  const text = sayTimeline('ms', { ms: numberText(Math.round(ms)) })
  return pace === 'fine'
    ? [make('span', { class: 'taken', text })]
    : [
        make('span', {
          class: `taken ${pace === 'slow' ? 'attention' : 'danger'}`,
          text: `${text}, ${sayTimeline(pace)}`,
        }),
      ]
}

function shorten(url: string): string {
  if (!URL.canParse(url)) return url.slice(0, 60)
  const { pathname, search } = new URL(url)
  const text = pathname + (search === '' ? '' : '?…')
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
