import { count, median } from '../../prove/support/figures.ts'
import type { Drift } from './drift.ts'
import type { Compared, Cost } from './growth.ts'
import type { Figures } from './path.ts'
import { ratio, ratios, spreadOf, type Samples } from './samples.ts'
import { endsOf, type Target } from './targets.ts'

/** Below this share of its core, in percent, a contestant could have done more. */
const LEAST_BUSY = 85

/** Rows of cells, the first row the heads: printed, and written as Markdown. */
export type Table = readonly (readonly string[])[]

export function rateTable(figures: readonly Figures[]): Table {
  const [bare] = endsOf(figures)
  return [
    ['', 'a second', 'min – max', 'to bare', 'CPU µs each', 'bare to it', 'core busy', 'instructions each'],
    ...figures.map(({ name, rates, cpuMicros, instructions }) => [
      name,
      count(median(rates)),
      spread(rates),
      ratio(rates, bare.rates).toFixed(2),
      median(cpuMicros).toFixed(1),
      ratio(bare.cpuMicros, cpuMicros).toFixed(2),
      busyOf(rates, cpuMicros),
      instructions.length === 0 ? 'not counted' : count(median(instructions)),
    ]),
  ]
}

/** A core that is not busy had to wait for the load: then the rate is too low, and the share of processor time is what counts. */
function busyOf(rates: Samples, cpuMicros: Samples): string {
  const share = (median(rates) * median(cpuMicros)) / 1e4
  return `${share.toFixed(0)} %${share < LEAST_BUSY ? ', load too slow' : ''}`
}

export function latencyTable(figures: readonly Figures[]): Table {
  return [
    ['', 'half of its own', 'p50 ms', 'p99 ms', 'at half of ours: p50 ms', 'p99 ms'],
    ...figures.map(({ name, ownHalf, ourHalf }) => [
      name,
      `${count(ownHalf.rate)}/s`,
      median(ownHalf.p50).toFixed(3),
      `${median(ownHalf.p99).toFixed(3)} (${spread(ownHalf.p99, 3)})`,
      ourHalf === undefined ? '' : median(ourHalf.p50).toFixed(3),
      ourHalf === undefined ? '' : `${median(ourHalf.p99).toFixed(3)} (${spread(ourHalf.p99, 3)})`,
    ]),
  ]
}

export function memoryTable(figures: readonly Figures[]): Table {
  return [
    ['', 'idle', 'after the load'],
    ...figures.map(({ name, idleBytes, loadedBytes }) => [name, megabytes(idleBytes), megabytes(loadedBytes)]),
  ]
}

export function startTable(starts: Record<'bare' | 'ours', Samples>): Table {
  const row = (name: string, samples: Samples) => [name, `${median(samples).toFixed(0)} ms`, spread(samples)]
  return [['', 'median', 'min – max'], row('bare node:http', starts.bare), row('this gateway', starts.ours)]
}

export function growthTable(growth: readonly Compared[]): Table {
  const each = ({ cpuMicros, rates }: Cost) => `${median(cpuMicros).toFixed(1)} µs, ${count(median(rates))}/s`
  return [
    ['', 'with few', 'with many', 'CPU, many to few'],
    ...growth.map(({ what, few, many }) => [
      what,
      each(few),
      each(many),
      ratio(many.cpuMicros, few.cpuMicros).toFixed(2),
    ]),
  ]
}

export function driftTable({ requests, residentBytes, cpuMicros, bareCpuMicros }: Drift): Table {
  const last = residentBytes.length - 1
  const toBare = ratios(cpuMicros, bareCpuMicros)
  return [
    ['clicks so far', 'resident', 'CPU µs each', 'of bare node:http', 'to it'],
    ...[0, 1, Math.ceil(last / 2), last].map((part) => [
      part === 0 ? 'after the warm-up' : count((requests / last) * part),
      megabytes(residentBytes[part] ?? NaN),
      (cpuMicros[part] ?? NaN).toFixed(1),
      (bareCpuMicros[part] ?? NaN).toFixed(1),
      (toBare[part] ?? NaN).toFixed(2),
    ]),
  ]
}

export function targetTable(targets: readonly Target[]): Table {
  return [
    ['', 'measured', 'wanted', ''],
    ...targets.map(({ what, value, limit, wants, isMet }) => [
      what,
      value >= 100 ? count(value) : value.toFixed(2),
      `${wants} ${limit}`,
      isMet ? 'met' : 'missed',
    ]),
  ]
}

export function asMarkdown(table: Table): string {
  const [heads = [], ...rows] = table
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

export function asText(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .map((line) => `  ${line.trimEnd()}\n`)
    .join('')
}

function spread(samples: Samples, digits = 0): string {
  const { min, max } = spreadOf(samples)
  const text = (value: number) => (digits === 0 ? count(value) : value.toFixed(digits))
  return `${text(min)} – ${text(max)}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
