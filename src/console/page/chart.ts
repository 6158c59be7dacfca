import { agoText, inLanguage, numberText, spanText, textOf } from '../../ui/language.ts'
import { now } from '../../ui/now.ts'
import { DETAIL_WORDS } from './detail-words.ts'
import type { Message } from './shapes.ts'
import { outcomeMeaning, sayOutcome, type Meaning } from './state-words.ts'
import { fill } from './words.ts'

const WIDTH = 320
const ROW = 22
const LABEL = 108
const EDGE = 10
const AXIS = 20
/** Retries wait longer each time, so equal steps on the axis are equal factors of time. */
const SCALE_S = 0.5
const TICKS_S = [1, 10, 60, 600, 3600, 21_600, 86_400]

type Dot = { atS: number; row: string; meaning: Meaning; isNext: boolean }

/** Attempts as marks: from the first to the last one in time, and one row for each outcome. */
export function attemptsChart({ attempts, next_attempt_at: next, state, wire }: Message): Element | undefined {
  const [first] = attempts
  if (first === undefined) return undefined
  const startMs = Date.parse(first.at)
  const secondsTo = (iso: string) => Math.max(0, (Date.parse(iso) - startMs) / 1000)
  const dots: Dot[] = attempts.map(({ at, outcome }) => ({
    atS: secondsTo(at),
    row: outcome ?? 'running',
    meaning: outcomeMeaning(outcome),
    isNext: false,
  }))
  const waits = next !== null && state === 'queued'
  if (waits) dots.push({ atS: secondsTo(next), row: 'next', meaning: 'information', isNext: true })
  const rows = [...new Set(dots.map(({ row }) => row))]
  const endS = Math.max(1, ...dots.map(({ atS }) => atS))
  const height = rows.length * ROW + AXIS
  const chart = svg('svg', { class: 'attempts', viewBox: `0 0 ${WIDTH} ${height}`, role: 'img' })
  inLanguage(chart, () => {
    const isRtl = document.documentElement.dir === 'rtl'
    const mirrored = (x: number) => (isRtl ? WIDTH - x : x)
    const placeOf = (seconds: number) =>
      mirrored(LABEL + ((WIDTH - LABEL - EDGE) * Math.log1p(seconds / SCALE_S)) / Math.log1p(endS / SCALE_S))
    // The last one would pass the edge.
    const anchorOf = (seconds: number) => (Math.abs(placeOf(seconds) - mirrored(WIDTH)) < 2 * EDGE ? 'end' : 'middle')
    const last = attempts.at(-1)?.outcome ?? null
    chart.setAttribute(
      'aria-label',
      fill(textOf(DETAIL_WORDS.chart), {
        count: numberText(attempts.length),
        span: spanText(secondsTo(attempts.at(-1)?.at ?? first.at) * 1000),
        last: sayOutcome(last, wire),
      }),
    )
    const ticks = [0, ...TICKS_S.filter((one) => one <= endS)]
    chart.replaceChildren(
      ...rows.flatMap((row, index) => {
        const y = index * ROW + ROW / 2
        const said = row === 'next' ? textOf(DETAIL_WORDS.next) : sayOutcome(row, wire)
        return [
          svg('line', { x1: mirrored(LABEL), x2: mirrored(WIDTH - EDGE / 2), y1: y, y2: y, class: 'rule' }),
          svg('text', { x: mirrored(LABEL - 12), y: y + 4, 'text-anchor': 'end' }, said),
        ]
      }),
      ...ticks
        .filter((one, index) => index === 0 || Math.abs(placeOf(one) - placeOf(ticks[index - 1] ?? 0)) > 40)
        .map((one) =>
          svg(
            'text',
            { x: placeOf(one), y: height - 4, 'text-anchor': anchorOf(one), class: 'tick' },
            one === 0 ? numberText(0) : spanText(one * 1000),
          ),
        ),
      ...dots.map(({ atS, row, meaning, isNext }) => {
        const at = shape(isNext ? 'information' : meaning, placeOf(atS), rows.indexOf(row) * ROW + ROW / 2)
        if (isNext && next !== null) at.append(svg('title', {}, agoText(next, now())))
        return at
      }),
    )
  })
  return chart
}

/** The shapes of the words beside it: a disc, a triangle, a square, a ring. */
function shape(meaning: Meaning, x: number, y: number): Element {
  switch (meaning) {
    case 'success':
      return svg('circle', { class: meaning, cx: x, cy: y, r: 5 })
    case 'attention':
      return svg('path', { class: meaning, d: `M${x} ${y - 6}l6 10.5h-12z` })
    case 'danger':
      return svg('rect', { class: meaning, x: x - 4.5, y: y - 4.5, width: 9, height: 9 })
    case 'information':
      return svg('circle', { class: `${meaning} ring`, cx: x, cy: y, r: 5 })
  }
}

function svg(name: string, attributes: Readonly<Record<string, string | number>>, text?: string): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value))
  if (text !== undefined) element.textContent = text
  if (!(element instanceof SVGElement)) throw new Error(`svg has no ${name}`)
  return element
}
