import type { ShownRequest, ShownResolution, ShownResponse, TimelineEntry } from '../shown.ts'
import { codeBlock } from '../../ui/code-block.ts'
import { copyButton } from '../../ui/copy.ts'
import { make } from '../../ui/dom.ts'
import { jsonTree } from '../../ui/json-tree.ts'
import { inLanguage, numberText } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import { parse, toCurl, toFixture } from './exports.ts'
import { showNote } from './notes.ts'
import { resendForm } from './resend.ts'
import { sayTimeline, timelineText } from './timeline-words.ts'
import { say, wordOf, type Word } from './words.ts'

/** Everything about one entry: what came of it, then each side of the exchange, its body before its headers. */
export function entryDetail(entry: TimelineEntry): HTMLElement {
  const { request, response, resolution, ms, budgetMs } = entry
  const hasAnswer = response !== undefined || resolution !== undefined || entry.kind === 'landing'
  return make(
    'div',
    { class: 'detail', attributes: { 'data-detail-of': String(entry.id) } },
    ...notesOf(entry),
    ...(ms !== undefined && budgetMs !== undefined ? [gauge(ms, budgetMs)] : []),
    ...(request ? [exchange('request', `${request.method} ${request.url}`, request)] : []),
    ...(response ? [exchange('response', `HTTP ${response.status}`, response)] : []),
    ...(resolution ? resolutionOf(resolution) : []),
    ...(hasAnswer || request === undefined ? [] : [worded('p', wordOf('noResponse'))]),
    make(
      'div',
      { class: 'row' },
      ...(request ? [copyButton(wordOf('curl'), () => toCurl(request), { 'data-copy-curl': '' })] : []),
      ...saveButton(entry),
      worded('a', timelineText('link'), {
        class: 'quiet',
        attributes: { href: `#entry-${entry.id}`, 'data-link': '' },
      }),
    ),
    ...resendForm(entry),
  )
}

function notesOf({ notes }: TimelineEntry): HTMLElement[] {
  if (notes.length === 0) return []
  const items = notes.map((note) => {
    const item = make('li')
    inLanguage(item, () => {
      showNote(item, note)
    })
    return item
  })
  return [worded('h4', timelineText('notes')), make('ul', { class: 'notes' }, ...items)]
}

function gauge(ms: number, budgetMs: number): HTMLElement {
  const meter = make('meter', {
    attributes: {
      min: '0',
      max: String(budgetMs),
      high: String(budgetMs / 2),
      optimum: '0',
      value: String(Math.min(ms, budgetMs)),
    },
  })
  const text = make('span')
  const line = make('div', { class: 'gauge' }, meter, text)
  inLanguage(line, () => {
    text.textContent = sayTimeline('budget', { ms: numberText(ms), budget: numberText(budgetMs) })
    meter.setAttribute('aria-label', say('inTime'))
  })
  return line
}

function exchange(word: Word, first: string, { headers, body }: ShownRequest | ShownResponse): HTMLElement {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const count = make('summary')
  inLanguage(count, () => {
    count.textContent = sayTimeline('headers', { count: numberText(lines.length) })
  })
  const folded = make('details', { class: 'headers' }, count, ltr(lines.join('\n')))
  return make(
    'section',
    { attributes: { 'data-exchange': word } },
    worded('h4', wordOf(word)),
    make('code', { class: 'first-line', text: first, attributes: { dir: 'ltr' } }),
    ...bodyOf(body),
    ...(lines.length > 0 ? [folded] : []),
  )
}

function bodyOf(body: string): HTMLElement[] {
  if (body === '') return []
  const parsed = parse(body)
  return [typeof parsed === 'object' && parsed !== null ? jsonTree(parsed) : codeBlock(body, timelineText('body'))]
}

function resolutionOf({ asked, answer, error }: ShownResolution): HTMLElement[] {
  return [
    worded('h4', wordOf('asked')),
    ...bodyOf(asked),
    ...(answer === undefined ? [] : [worded('h4', wordOf('answered')), ...bodyOf(answer)]),
    ...(error === undefined ? [] : [worded('h4', wordOf('failure')), ltr(error)]),
  ]
}

function ltr(text: string): HTMLElement {
  return make('pre', { attributes: { dir: 'ltr', tabindex: '0' } }, make('code', { text }))
}

/** `replay` repeats clicks and deliveries, `trigger` also dynamic actions and events. */
const SAVED_KINDS = new Set<TimelineEntry['kind']>(['click', 'delivery', 'action', 'event'])

function saveButton(entry: TimelineEntry): HTMLElement[] {
  if (!SAVED_KINDS.has(entry.kind)) return []
  const click = () => {
    download(`${String(entry.id).padStart(3, '0')}-${entry.kind}.json`, toFixture(entry))
  }
  const attributes = { type: 'button', 'data-save-fixture': '' }
  return [worded('button', wordOf('fixture'), { class: 'quiet', attributes, on: { click } })]
}

/** Saves a value as a JSON file of the reader's. */
export function download(name: string, value: unknown): void {
  const file = new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: 'application/json' })
  const url = URL.createObjectURL(file)
  make('a', { attributes: { href: url, download: name } }).click()
  URL.revokeObjectURL(url)
}
