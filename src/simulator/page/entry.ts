import type { ShownRequest, ShownResponse, TimelineEntry } from '../shown.ts'
import { make } from './dom.ts'
import { parse, toCurl, toFixture } from './exports.ts'
import { worded } from './worded.ts'
import { inLanguage, say, sayKind, sayNumber, sayOutcome, saySide, sayTime, type Word } from './words.ts'

const COPIED_MS = 2000

/** One thing that happened, folded; open, it shows both sides of the exchange as they went over the socket. */
export function entryItem(entry: TimelineEntry): HTMLElement {
  const summary = make('summary')
  inLanguage(summary, () => {
    summary.replaceChildren(...summaryOf(entry))
  })
  const details = make('details', { class: `entry ${entry.outcome}` }, summary)
  // Details are drawn when they are opened, so that a long timeline stays light.
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(...contentOf(entry))
  })
  return make('li', { attributes: { 'data-entry': String(entry.id), 'data-kind': entry.kind } }, details)
}

function summaryOf(entry: TimelineEntry): Node[] {
  const { kind, side, wire, outcome, response, ms, budgetMs, request, at, notes } = entry
  const where = request ? `${request.method} ${shorten(request.url)}` : ''
  const [firstNote] = notes
  return [
    make('span', { class: 'kind', text: sayKind(kind) }),
    ...(side ? [make('span', { text: saySide(side) })] : []),
    ...(wire ? [make('span', { class: 'badge', text: wire, attributes: { dir: 'ltr' } })] : []),
    make('span', {
      class: `outcome ${outcome}`,
      text: `${sayOutcome(outcome)}${response ? ` ${response.status}` : ''}`,
    }),
    make('time', { text: sayTime(at), attributes: { datetime: at } }),
    make('code', { class: 'where', text: where, attributes: { dir: 'ltr' } }),
    ...(ms !== undefined && budgetMs !== undefined ? [gauge(ms, budgetMs)] : []),
    ...(firstNote === undefined
      ? []
      : [make('span', { class: 'note', text: firstNote, attributes: { dir: 'ltr', lang: 'en' } })]),
  ]
}

function gauge(ms: number, budgetMs: number): HTMLElement {
  const text = `${sayNumber(ms)} ms ${say('ofBudget')} ${sayNumber(budgetMs)} ms`
  const meter = make('meter', {
    text,
    attributes: {
      min: '0',
      max: String(budgetMs),
      high: String(budgetMs / 2),
      optimum: '0',
      value: String(Math.min(ms, budgetMs)),
      'aria-label': say('inTime'),
    },
  })
  return make('span', { class: 'gauge' }, meter, make('span', { text }))
}

function contentOf(entry: TimelineEntry): Node[] {
  const { request, response, notes } = entry
  const rest = notes.slice(1).map((note) => make('li', { text: note }))
  return [
    ...(rest.length > 0 ? [make('ul', { class: 'notes', attributes: { dir: 'ltr', lang: 'en' } }, ...rest)] : []),
    ...(request ? [titled('request', exchange(`${request.method} ${request.url}`, request))] : []),
    ...(response ? [titled('response', exchange(`HTTP ${response.status}`, response))] : []),
    ...(response || entry.kind === 'landing' ? [] : [worded('p', 'noResponse')]),
    ...(request ? [make('div', { class: 'row' }, copyButton(request), ...saveButton(entry))] : []),
  ]
}

function exchange(first: string, { headers, body }: ShownRequest | ShownResponse): HTMLElement {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const parsed = parse(body)
  const pretty = typeof parsed === 'string' ? parsed : JSON.stringify(parsed, null, 2)
  const text = [first, ...lines, ...(pretty === '' ? [] : ['', pretty])].join('\n')
  return make('pre', { attributes: { dir: 'ltr', tabindex: '0' } }, make('code', { text }))
}

function titled(word: Word, content: HTMLElement): HTMLElement {
  const id = `x-${crypto.randomUUID()}`
  const title = worded('h3', word)
  title.id = id
  content.setAttribute('aria-labelledby', id)
  content.setAttribute('role', 'region')
  return make('div', {}, title, content)
}

function copyButton(request: ShownRequest): HTMLElement {
  const button = worded('button', 'curl', { class: 'quiet', attributes: { type: 'button', 'data-copy-curl': '' } })
  button.addEventListener('click', () => {
    void navigator.clipboard.writeText(toCurl(request)).then(() => {
      button.textContent = say('copied')
      setTimeout(() => {
        button.textContent = say('curl')
      }, COPIED_MS)
    })
  })
  return button
}

/** Clicks and deliveries can be played again; the rest cannot. */
function saveButton(entry: TimelineEntry): HTMLElement[] {
  if (entry.kind !== 'click' && entry.kind !== 'delivery') return []
  const button = worded('button', 'fixture', {
    class: 'quiet',
    attributes: { type: 'button', 'data-save-fixture': '' },
  })
  button.addEventListener('click', () => {
    const file = new Blob([`${JSON.stringify(toFixture(entry), null, 2)}\n`], { type: 'application/json' })
    const url = URL.createObjectURL(file)
    make('a', {
      attributes: { href: url, download: `${String(entry.id).padStart(3, '0')}-${entry.kind}.json` },
    }).click()
    URL.revokeObjectURL(url)
  })
  return [button]
}

function shorten(url: string): string {
  if (!URL.canParse(url)) return url.slice(0, 60)
  const { pathname, search } = new URL(url)
  const text = pathname + search
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
