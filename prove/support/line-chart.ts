import { escape, STYLE, text, WIDTH } from './chart.ts'
import { count } from './figures.ts'

type LineChart = {
  title: string
  note: string
  /** Of the horizontal axis, which begins at 0. */
  unit: string
  panels: readonly { title: string; points: readonly { x: number; y: number }[] }[]
}

const LEFT = 52
const RIGHT = 12
const TOP = 52
const PANEL = 120
const GAP = 56
const LINE_STYLES = `.l{fill:none;stroke-width:1.5}.l0{stroke:#0969da}.l1{stroke:#1a7f37}.axis{stroke:#8c959f;stroke-width:.5}
@media (prefers-color-scheme:dark){.l0{stroke:#4493f8}.l1{stroke:#3fb950}.axis{stroke:#6e7681}}`

/** Lines over time, each in a panel of its own that begins at 0, so that what rises is seen to rise and nothing else is. */
export function lineChart({ title, note, unit, panels }: LineChart): string {
  const lastX = Math.max(...panels.flatMap(({ points }) => points.map(({ x }) => x)))
  const drawn = panels.map((panel, index) => drawPanel(panel, index, lastX))
  const height = TOP + panels.length * (PANEL + GAP)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}
${LINE_STYLES}</style>
${text(0, 18, title, 'title')}
${drawn.join('\n')}
${text(LEFT, height - 32, `0 to ${count(lastX)} ${unit}`, 'note')}
${text(0, height - 10, note, 'note')}
</svg>
`
}

function drawPanel({ title, points }: LineChart['panels'][number], index: number, lastX: number): string {
  const top = TOP + index * (PANEL + GAP)
  const bottom = top + PANEL
  const mostY = Math.max(1, ...points.map(({ y }) => y)) * 1.1
  const at = ({ x, y }: { x: number; y: number }) =>
    `${(LEFT + (x / lastX) * (WIDTH - LEFT - RIGHT)).toFixed(1)},${(bottom - (y / mostY) * PANEL).toFixed(1)}`
  return [
    text(0, top - 10, title, 'group'),
    `<path class="axis" fill="none" d="M${LEFT} ${top}V${bottom}H${WIDTH - RIGHT}"/>`,
    text(0, top + 10, count(mostY), 'value'),
    text(0, bottom, '0', 'value'),
    `<polyline class="l l${index % 2}" points="${points.map(at).join(' ')}"/>`,
  ].join('\n')
}
