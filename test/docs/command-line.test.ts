import { expect, test } from '@jest/globals'
import { runCli } from '../support/command-line.ts'
import { readPage } from '../support/printed-commands.ts'

const page = readPage('docs/command-line.md')

test.each(['init', 'dev', 'start', 'demo', 'simulator'])(
  'docs/command-line.md has every option of %s, and no other',
  async (command) => {
    const { out } = await runCli(command, '--help')
    const options = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name)
    const documented = [...page.matchAll(/^\| `(--[\w-]+)[^|]*\| `(\w+)`/gm)]
      .filter(([, , of]) => of === command)
      .map(([, name]) => name)
    expect(documented.toSorted()).toEqual(options.filter((name) => name !== '--help').toSorted())
  },
)

test('docs/command-line.md describes every command', async () => {
  const { out } = await runCli('--help')
  const [, list = ''] = /Commands:\n([^]*?)\n\n/.exec(out) ?? []
  const commands = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help')
  expect(commands.length).toBeGreaterThan(10)
  for (const command of commands) expect(page).toMatch(new RegExp(`^\\| \`${command}\\b`, 'm'))
})
