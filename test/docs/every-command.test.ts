import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { environmentSchema } from '../../src/config/schema.ts'
import { DEMO_PAGES, printedCommands, readPage } from '../support/printed-commands.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)

/** Everything that a newcomer may follow. The Persian pages have the commands of the English ones: persian-pages.test.ts. */
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...below('docs'),
  ...below('examples'),
  ...below('deploy'),
]
  .filter((name) => !name.startsWith('docs/fa/') && printedCommands(readPage(name)).length > 0)
  .sort()

/** Which test runs all commands of a page, as printed. */
const RUN_BY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(DEMO_PAGES.map((name) => [name, 'test/support/printed-commands.ts'])),
  'docs/command-line.md': 'test/support/command-line-page.ts',
  'docs/operations.md': 'test/deploy/operations.test.ts',
  'docs/simulator.md': 'test/testing/package.long.test.ts',
  'docs/store.md': 'test/deploy/restore.test.ts',
  'examples/actions/README.md': 'test/testing/package.long.test.ts',
  'examples/bot/README.md': 'test/testing/sample-bot.long.test.ts',
  'examples/events/README.md': 'test/testing/sample-receiver.test.ts',
  'examples/inspection/README.md': 'test/testing/package.long.test.ts',
}

/** Commands that no test can run, and what checks them instead. */
const ELSEWHERE: readonly { command: RegExp; because: string }[] = [
  {
    command: /^npm ci && npm run demo$/,
    because: 'the tests run in the installed checkout; they start the demo themselves',
  },
  { command: /^npm ci && npm test$/, because: '.ci/run runs it' },
  {
    command: /^docker build /,
    because: 'not every machine has containers; .ci/run builds and runs the image with buildah',
  },
  { command: /^docker run /, because: 'the same' },
  { command: /^docker compose /, because: 'the same; test/deploy/compose.test.ts reads compose.yaml' },
  { command: /^kubectl /, because: 'no cluster here; test/deploy/kubernetes.test.ts reads the manifests' },
  { command: /^npm run bench/, because: 'minutes of measuring' },
  {
    command: /^npm run --silent sbom/,
    because: 'its second line asks the registry; test/deploy/packages.test.ts runs the first',
  },
  { command: /^npm ci {2,}#/, because: 'each line of CONTRIBUTING.md is a step of .ci/run, or for people at a screen' },
]

describe('every command of README and docs is run as printed', () => {
  test.each(pages)('%s', (name) => {
    const others = printedCommands(readPage(name)).filter(
      ({ command }) => !ELSEWHERE.some((one) => one.command.test(command.split('\n')[0] ?? '')),
    )
    if (others.length === 0) return
    const runner = RUN_BY[name]
    expect([name, runner]).toEqual([name, expect.any(String)])
    expect(readPage(runner ?? '')).toContain(name)
  })

  test('no exception is left over', () => {
    const commands = pages.flatMap((name) => printedCommands(readPage(name)).map(({ command }) => command))
    for (const { command } of ELSEWHERE) {
      expect([command, commands.some((one) => command.test(one.split('\n')[0] ?? ''))]).toEqual([command, true])
    }
  })
})

test.each(['docs/configuration.md', 'docs/fa/configuration.md'])('%s has every variable and no other', (name) => {
  const described = [...readPage(name).matchAll(/^\| `([A-Z][A-Z_0-9]+)` /gm)].map(([, variable = '']) => variable)
  expect(described.sort()).toEqual(Object.keys(environmentSchema.shape).sort())
})

test.each(['docs/configuration.md', 'docs/fa/configuration.md'])('%s has the defaults of .env.example', (name) => {
  const example = new Map(
    [...readPage('.env.example').matchAll(/^# ([A-Z_0-9]+)=(\d+|https:\S+|info|v2)$/gm)].map(
      ([, variable = '', value = '']) => [variable, value],
    ),
  )
  const defaults = [...readPage(name).matchAll(/^\| `([A-Z][A-Z_0-9]+)` +\| `?([^ |`،,]+)`?[^|]*\|[^|]*\|$/gm)]
  const shown = defaults.filter(([, , value = '']) => /^(?:\d+|https:\S+|info|v2)$/.test(value))
  expect(shown.length).toBeGreaterThan(15)
  for (const [, variable = '', value = ''] of shown)
    expect([variable, example.get(variable)]).toEqual([variable, value])
})
