import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { count, median } from '../../prove/support/figures.ts'
import { ratio, speedRatio, type Measured, type Sample } from './rounds.ts'

const PEERS = ['fastify', '@fastify/helmet', 'express', 'helmet', 'pino', 'pino-http', 'zod', '@slack/bolt', 'undici']

type Path = 'click' | 'send'
export type Results = Partial<Record<Path, readonly Measured[]>>

type Target = { what: string; value: number; wants: 'at least' | 'at most'; limit: number }
type Table = readonly (readonly string[])[]

/** Everything that a run found, as Markdown for docs/performance.md that is also readable in a terminal. */
export function writeReport(results: Results, rounds: number): string {
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}, ${PEERS.map(withVersion).join(', ')}. Medians of ${rounds} rounds.`,
    asMarkdown([['target', 'measured', 'wanted', ''], ...targetsOf(results).map(targetRow)]),
    ...(results.click ? ['### Clicks', asMarkdown(rowsOf(results.click))] : []),
    ...(results.send ? ['### Sends', asMarkdown(rowsOf(results.send))] : []),
  ].join('\n\n')
}

function targetsOf({ click, send }: Results): Target[] {
  return [...(click ? clickTargets(click) : []), ...(send ? sendTargets(send) : [])]
}

function clickTargets(click: readonly Measured[]): Target[] {
  const { bare, ours, find } = partsOf(click)
  const atLeast = (name: string, limit: number): Target => ({
    what: `clicks, compared with ${name}`,
    value: speedRatio(ours, find(name)),
    wants: 'at least',
    limit,
  })
  const atMost = (what: string, of: keyof Sample, limit: number): Target => ({
    what: `${what}, compared with ${bare.name}`,
    value: ratio(ours, bare, of),
    wants: 'at most',
    limit,
  })
  return [
    atLeast('bare node:http', 0.55),
    atLeast('fastify', 1.5),
    atLeast('Bolt', 2),
    atMost('memory after the load', 'bytes', 2),
    atMost('time to the first answer', 'startMs', 5),
  ]
}

function sendTargets(send: readonly Measured[]): Target[] {
  const { bare, ours } = partsOf(send)
  return [{ what: `sends, compared with ${bare.name}`, value: speedRatio(ours, bare), wants: 'at least', limit: 0.7 }]
}

function targetRow({ what, value, wants, limit }: Target): string[] {
  const isMet = wants === 'at least' ? value >= limit : value <= limit
  return [what, value.toFixed(2), `${wants} ${limit}`, isMet ? 'met' : 'missed']
}

function rowsOf(path: readonly Measured[]): Table {
  const { bare } = partsOf(path)
  const middle = ({ samples }: Measured, of: keyof Sample) => median(samples.map((sample) => sample[of]))
  const ranked = (one: Measured, of: keyof Sample, text: (value: number) => string) => [
    text(middle(one, of)),
    ratio(one, bare, of).toFixed(2),
  ]
  const columns = ['per second', 'CPU µs each', 'start', 'memory after'].flatMap((column) => [column, '× bare'])
  return [
    ['', ...columns],
    ...path.map((one) => [
      one.name,
      ...ranked(one, 'perSecond', count),
      ...ranked(one, 'cpuMicros', (value) => value.toFixed(1)),
      ...ranked(one, 'startMs', (value) => `${count(value)} ms`),
      ...ranked(one, 'bytes', (value) => `${count(value / 1e6)} MB`),
    ]),
  ]
}

/** The first server of a path is the bare one, the last one is the gateway. */
function partsOf(path: readonly Measured[]) {
  const find = (name: string) => path.find((one) => one.name === name)
  const [bare, ours] = [path.at(0), path.at(-1)]
  if (bare === undefined || ours === undefined) throw new Error('expected at least one server')
  return { bare, ours, find: (name: string) => find(name) ?? bare }
}

function asMarkdown([head = [], ...rows]: Table): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const padded = (row: readonly string[]) =>
    line(
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
    )
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [padded(head), line(rule), ...rows.map(padded)].join('\n')
}

function withVersion(name: string): string {
  const manifest = readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')
  return `${name} ${/"version": *"([^"]+)"/.exec(manifest)?.[1] ?? 'unknown'}`
}
