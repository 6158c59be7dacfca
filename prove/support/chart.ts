import { count } from './figures.ts'

type Chart = {
  title: string
  note: string
  groups: readonly { title: string; bars: readonly { label: string; value: number }[] }[]
}

export const WIDTH = 720
const LABELS = 190
const VALUES = 70
const BAR = 20
const GAP = 8
const GROUP_GAP = 44
const TOP = 52

/** Colours with enough contrast on white and on black; the reader's colour scheme selects the set. */
export const STYLE = `text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}.group{font-weight:600}
.note{font-size:11px;fill:#59636e}.value{font-variant-numeric:tabular-nums}.b0{fill:#8c959f}.b1{fill:#0969da}.b2{fill:#1a7f37}.b3{fill:#9a6700}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.b0{fill:#6e7681}.b1{fill:#4493f8}.b2{fill:#3fb950}.b3{fill:#d29922}}`

/** Horizontal bars in groups, as an SVG that needs nothing but itself. */
export function barChart({ title, note, groups }: Chart): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const scale = (WIDTH - LABELS - VALUES) / most
  const parts: string[] = []
  let y = TOP
  for (const group of groups) {
    parts.push(text(0, y, group.title, 'group'))
    y += GAP
    for (const [index, { label, value }] of group.bars.entries()) {
      const length = Math.max(value * scale, 1)
      parts.push(
        text(12, y + BAR - 5, label),
        `<rect class="b${index % 4}" x="${LABELS}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>`,
        text(LABELS + length + 6, y + BAR - 5, count(value), 'value'),
      )
      y += BAR + GAP
    }
    y += GROUP_GAP - GAP
  }
  const height = y
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${STYLE}</style>
${text(0, 18, title, 'title')}
${parts.join('\n')}
${text(0, height - 10, note, 'note')}
</svg>
`
}

/** A line of text in a chart. */
export function text(x: number, y: number, content: string, kind?: string): string {
  const attribute = kind === undefined ? '' : ` class="${kind}"`
  return `<text${attribute} x="${x.toFixed(0)}" y="${y.toFixed(0)}">${escape(content)}</text>`
}

export function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
