import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { FAULTS } from '../../src/simulator/shown.ts'
import { printedCommands, readPage } from '../support/printed-commands.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = readdirSync(join(root, 'docs', 'fa'))

describe.each(pages)('docs/fa/%s', (name) => {
  const page = readPage(`docs/fa/${name}`)

  test('prints the commands of its English page, which tests run', () => {
    const english = readPage(`docs/${name}`).replaceAll(/^ +/gm, '')
    for (const { command } of printedCommands(page)) expect(english).toContain(command.replaceAll(/^ +/gm, ''))
  })
})

test("the simulator's pages name every simulated fault in both languages", () => {
  for (const name of Object.values(FAULTS).flat()) {
    for (const page of ['docs/simulator.md', 'docs/fa/simulator.md']) expect(readPage(page)).toContain(`\`${name}\``)
  }
})

test("the simulator's pages start it as docs/command-line.md does", () => {
  const start = printedCommands(readPage('docs/command-line.md'))
    .map(({ command }) => command)
    .join('')
  const [{ command } = { command: '' }] = printedCommands(readPage('docs/simulator.md'))
  for (const line of command.trim().split('\n')) expect(start).toContain(line)
})

test('docs/fa/command-line.md has the commands and options of the English page', () => {
  const rows = (name: string) =>
    [...readPage(name).matchAll(/^\| `(--[a-z-]+|[a-z]+)[^`]*` +\|(?: `(\w+)`)?/gm)].map(([, what, of]) => [what, of])
  expect(rows('docs/command-line.md').length).toBeGreaterThan(30)
  expect(rows('docs/fa/command-line.md')).toEqual(rows('docs/command-line.md'))
})

test.each(['consent', 'events', 'configuration'])(
  'docs/fa/%s.md describes the variables of the English page',
  (name) => {
    const variables = [...readPage(`docs/${name}.md`).matchAll(/^\| `([A-Z_]+)` /gm)].map(
      ([, variable = '']) => variable,
    )
    expect(variables.length).toBeGreaterThan(3)
    for (const variable of variables) expect(readPage(`docs/fa/${name}.md`)).toContain(`| \`${variable}\``)
  },
)
