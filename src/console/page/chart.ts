import { make } from '../../ui/dom.ts'
import { agoText, numberText, spanText, textOf } from '../../ui/language.ts'
import { SHAPES } from '../../ui/mark.ts'
import { now } from '../../ui/now.ts'
import { DETAIL_WORDS } from './detail-words.ts'
import type { Message } from './shapes.ts'
import { outcomeMeaning, sayOutcome, type Meaning } from './state-words.ts'
import { fill } from './words.ts'

/** Retries wait longer each time, so equal steps on the axis are equal factors of time. */
const SCALE_S = 0.5
const TICKS_S = [1, 10, 60, 600, 3600, 21_600, 86_400]
/** Of the axis, so that no label of it is written over another, on a phone either. */
const LABEL_SHARE = 0.2

type Dot = { atS: number; row: string; meaning: Meaning; title: string }

/** Attempts as marks: from the first to the last one in time, and one row for each outcome. Nothing where there is only one mark. */
export function attemptsChart({ attempts, next_attempt_at: next, state, wire }: Message): HTMLElement | undefined {
  const [first] = attempts
  const last = attempts.at(-1)
  if (first === undefined || last === undefined) return undefined
  const startMs = Date.parse(first.at)
  const secondsTo = (iso: string) => Math.max(0, (Date.parse(iso) - startMs) / 1000)
  const dots: Dot[] = attempts.map(({ number, at, outcome }) => ({
    atS: secondsTo(at),
    row: sayOutcome(outcome, wire),
    meaning: outcomeMeaning(outcome),
    title: numberText(number),
  }))
  if (next !== null && state === 'queued') {
    const row = textOf(DETAIL_WORDS.next)
    dots.push({ atS: secondsTo(next), row, meaning: 'information', title: agoText(next, now()) })
  }
  if (dots.length < 2) return undefined
  const endS = Math.max(1, ...dots.map(({ atS }) => atS))
  const shareOf = (seconds: number) => Math.log1p(seconds / SCALE_S) / Math.log1p(endS / SCALE_S)
  const rows = [...new Set(dots.map(({ row }) => row))]
  const chart = make(
    'div',
    { class: 'attempts', attributes: { role: 'img', 'data-chart': '' } },
    ...rows.flatMap((row) => [
      make('span', { text: row }),
      make(
        'span',
        { class: 'track' },
        ...dots
          .filter((dot) => dot.row === row)
          .map(({ atS, meaning, title }) =>
            placed(shareOf(atS), make('span', { class: meaning, text: SHAPES[meaning], attributes: { title } })),
          ),
      ),
    ]),
    make('span'),
    make('span', { class: 'ticks' }, ...ticks(shareOf, endS)),
  )
  chart.setAttribute(
    'aria-label',
    fill(textOf(DETAIL_WORDS.chart), {
      count: numberText(attempts.length),
      span: spanText(secondsTo(last.at) * 1000),
      last: sayOutcome(last.outcome, wire),
    }),
  )
  return chart
}

function ticks(shareOf: (seconds: number) => number, endS: number): HTMLElement[] {
  let taken = 0
  const labelled = TICKS_S.filter((seconds) => {
    // The last one stays within the line.
    const middle = Math.min(shareOf(seconds), 1 - LABEL_SHARE / 2)
    if (seconds > endS || middle - taken < LABEL_SHARE) return false
    taken = middle
    return true
  })
  return [0, ...labelled].map((seconds) =>
    placed(shareOf(seconds), make('span', { text: seconds === 0 ? numberText(0) : spanText(seconds * 1000) })),
  )
}

/** Centred on its place from the start of the line; what would pass an end of it stays within. */
function placed(share: number, what: HTMLElement): HTMLElement {
  const place = make('span', { class: 'place' }, what)
  place.style.insetInlineStart = `${share * 100}%`
  if (share > 1 - LABEL_SHARE / 2) place.dataset['edge'] = 'end'
  return place
}
