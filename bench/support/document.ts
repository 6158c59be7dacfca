import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { barChart } from '../../prove/support/chart.ts'
import { runCommand } from '../../prove/support/children.ts'
import { median } from '../../prove/support/figures.ts'
import { versionOf, type Machine } from './machine.ts'
import type { Figures } from './path.ts'
import { asMarkdown, asText, type Table } from './tables.ts'

/** A part of what is said: printed as it comes, and written as a chapter of the document. */
export type Chapter = { title: string; text: string; tables: readonly Table[]; chart?: { file: string; alt: string } }

const ROOT = new URL('../../', import.meta.url)
const PRETTIER = 'node_modules/prettier/bin/prettier.cjs'
const PEERS = ['fastify', 'express', 'helmet', 'pino-http', 'zod', '@slack/bolt', 'undici']

/** How a column of instructions came about. */
const COUNTED = {
  perf: 'Instructions are those in user space, counted by the processor',
  callgrind: 'Instructions are those in user space, counted by valgrind, since this processor shows no counters',
  none: 'This machine has neither counters of instructions nor valgrind, so processor time stands for them',
}

export function printChapter({ title, tables }: Chapter): void {
  process.stdout.write(`\n${title}\n${tables.map(asText).join('\n')}`)
}

/** One line: what it was measured on and against. No name of a host, and no path. */
export function describeMachine(machine: Machine): string {
  const peers = PEERS.map(
    (name) => `${name} ${versionOf(new URL(`../node_modules/${name}/package.json`, import.meta.url))}`,
  )
  return [
    `${new Date().toISOString().slice(0, 10)}, ${machine.cores} cores (${machine.processor}), Node ${machine.node.slice(1)}, ${peers.join(', ')}`,
    machine.pins
      ? 'Contestants have one core to themselves, the load has the other'
      : 'Processes could not be kept to cores of their own here, so these figures say little',
    COUNTED[machine.counter ?? 'none'],
  ]
    .map((sentence) => `${sentence}.`)
    .join(' ')
}

export async function drawRates(file: string, title: string, figures: readonly Figures[], note: string): Promise<void> {
  const bars = figures.map(({ name, rates }) => ({ label: name, value: median(rates) }))
  await writeFile(new URL(`docs/${file}`, ROOT), barChart({ title, note, groups: [{ title: 'a second', bars }] }))
}

export async function writeDocument(intro: string, chapters: readonly Chapter[], outro: string): Promise<void> {
  const text = chapters.map(({ title, text, tables, chart }) =>
    [`## ${title}`, text, ...(chart ? [`![${chart.alt}](${chart.file})`] : []), ...tables.map(asMarkdown)].join('\n\n'),
  )
  const file = fileURLToPath(new URL('docs/performance.md', ROOT))
  await writeFile(file, `${[intro, ...text, outro].join('\n\n')}\n`)
  await runCommand(process.execPath, [fileURLToPath(new URL(PRETTIER, ROOT)), '--write', file], {
    cwd: fileURLToPath(ROOT),
  })
}
