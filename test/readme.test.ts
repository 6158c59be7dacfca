import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort } from '../prove/support/free-port.ts'
import * as z from 'zod'
import { faultStatus } from '../src/base/fault.ts'
import {
  DEMO_PAGES,
  printedCommands,
  readPage as read,
  runPrinted,
  startPrinted,
  withoutIds,
  type PrintedCommand,
} from './support/printed-commands.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = read('README.md')

/** These run elsewhere: the tests are running right now, the demo is up while they do, and not every machine has containers or a cluster. */
const elsewhere = /^\s*(?:npm ci && npm (?:run demo|test)\n|docker |kubectl )/

/** Every command of a page, with the output that is printed under it. All have what a block of the page exports, as in one terminal. */
function commandsOf(page: string) {
  const commands = printedCommands(read(page))
  const isExport = ({ command }: PrintedCommand) => command.startsWith('export ')
  const exported = commands.filter(isExport).map(({ command }) => command)
  return commands
    .filter((one) => !isExport(one) && !elsewhere.test(one.command) && !one.command.includes(' dev '))
    .map(({ command, output }) => ({
      page,
      first: command.split('\n')[0],
      command: [...exported, command].join(''),
      output,
    }))
}

const runnable = DEMO_PAGES.flatMap(commandsOf)

/** The ports as printed, and free ones to run with: the demo may be running during the tests. */
const ports = new Map<string, number>()
const withFreePorts = (text: string) =>
  text.replaceAll(/\b(?:3000|3001|3100|4000|5050)\b/g, (printed) => String(ports.get(printed)))

let demo: ChildProcess
let transcript = ''
beforeAll(async () => {
  // As the README has it, less the installation, which has happened.
  expect(readme).toContain('npm ci && npm run demo\n')
  for (const printed of ['3000', '3001', '3100', '4000', '5050']) ports.set(printed, await freePort())
  const options = [
    '--port',
    withFreePorts('3000'),
    '--internal-port',
    withFreePorts('3001'),
    '--simulator-port',
    withFreePorts('4000'),
    '--app-port',
    withFreePorts('5050'),
  ]
  demo = spawn('npm', ['run', '--silent', 'demo', '--', ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const { promise: up, resolve } = Promise.withResolvers<undefined>()
  demo.stdout?.setEncoding('utf8').on('data', (chunk) => {
    transcript += String(chunk)
    if (transcript.includes('Your turn')) resolve(undefined)
  })
  await Promise.race([up, once(demo, 'close').then(() => Promise.reject(new Error(`the demo ended: ${transcript}`)))])
})
afterAll(async () => {
  if (demo.pid === undefined || demo.exitCode !== null) return
  process.kill(-demo.pid, 'SIGTERM')
  await once(demo, 'close')
})

async function run(command: string): Promise<string> {
  const { code, output } = await runPrinted(withFreePorts(command), root)
  expect(code).toBe(0)
  return output
}

describe('the README and the pages for the demo', () => {
  test.each(DEMO_PAGES)('%s has commands to try', (page) => {
    expect(runnable.some((one) => one.page === page)).toBe(true)
  })

  // First: it builds what a later page runs.
  test('README.md: dev runs the sample resolver, and a click in its simulator lands where that says', async () => {
    const { command = '' } = printedCommands(readme).find((one) => one.command.includes(' dev ')) ?? {}
    const [gateway, simulator] = [await freePort(), await freePort()]
    const onFreePorts = command.replace(/ dev .*/, `$& --port ${gateway} --simulator-port ${simulator}`)
    const { stop } = await startPrinted(onFreePorts, root, {}, 'Ctrl-C ends it')
    const body = JSON.stringify({ side: 'buyer' })
    const answer = await fetch(`http://127.0.0.1:${simulator}/simulator/clicks`, { method: 'POST', body })
    expect(await answer.text()).toContain('"url":"https://app.example.com/welcome"')
    await stop()
  }, 300_000)

  test.each(runnable)(
    '$page: $first … prints the output shown below it',
    async ({ command, output }) => {
      const printed = await run(command)
      if (output !== undefined) expect(withoutIds(printed).trim()).toBe(withFreePorts(withoutIds(output)).trim())
    },
    300_000,
  )

  test('the demo prints its one address, and a working chat is there', async () => {
    const address = withFreePorts('http://127.0.0.1:4000')
    expect(transcript).toContain(`Open this in a browser:   ${address}`)
    const { messages } = z
      .object({ messages: z.array(z.object({ kind: z.string() })) })
      .parse(await (await fetch(`${address}/simulator/state`)).json())
    expect(messages.map(({ kind }) => kind).slice(0, 4)).toEqual(['text', 'text', 'app', 'app'])
    expect(await (await fetch(address)).text()).toContain('data-phones')
  })

  test("the demo's own commands work as printed", async () => {
    const printed = transcript.slice(transcript.indexOf('Your turn')).match(/^curl .*\\\n.*$/gm) ?? []
    expect(printed).toHaveLength(3)
    expect(await run(printed[0] ?? '')).toContain('"status":"200"')
    expect(await run(printed[1] ?? '')).toContain('"status":200')
    expect(await run(printed[2] ?? '')).toBe('{}')
  })

  test.each(['README.md', 'README.fa.md'])('%s links only to existing files', (name) => {
    for (const [, link = ''] of read(name).matchAll(/\]\(([^)#]+)\)/g)) {
      if (link.startsWith('https://')) continue
      expect(() => (link.endsWith('/') ? read(`${link}README.md`) : read(link))).not.toThrow()
    }
  })
})

const blocks = (name: string) =>
  [...read(name).matchAll(/^ *```\w+\n.*?^ *```$/gms)].map(([block]) => block.replaceAll(/^ +/gm, ''))

test.each(['README', 'README.fa'])('%s.md is read in an hour: it has at most 250 lines', (name) => {
  expect(read(`${name}.md`).trimEnd().split('\n').length).toBeLessThanOrEqual(250)
})

test.each(['moving-over', 'erasing-a-person', 'subscriptions', 'deploy', 'command-line'])(
  '%s.md has the same commands and outputs in both languages',
  (name) => {
    expect(blocks(`docs/fa/${name}.md`)).toEqual(blocks(`docs/${name}.md`))
  },
)

test.each(['platform', 'resolvers', 'api', 'delivery', 'consent'])(
  'docs/fa/%s.md has the commands and outputs of the English page',
  (name) => {
    expect(printedCommands(read(`docs/fa/${name}.md`))).toEqual(printedCommands(read(`docs/${name}.md`)))
  },
)

test('README.fa.md has the commands and outputs of README.md', () => {
  expect(blocks('README.md').length).toBeGreaterThan(8)
  expect(blocks('README.fa.md')).toEqual(blocks('README.md'))
  expect([read('README.md'), read('README.fa.md')]).toEqual([
    expect.stringContaining('[فارسی](README.fa.md)'),
    expect.stringContaining('[English](README.md)'),
  ])
})

test('docs/failures.md has a section for every code, with its status, and no other', () => {
  const sections = [...read('docs/failures.md').matchAll(/^### (\w+)\n\n\*\*(\d{3})/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ])
  expect(Object.fromEntries(sections)).toEqual(
    Object.fromEntries(Object.entries(faultStatus).map(([code, { status }]) => [code, status])),
  )
})

test('docs/logs.md lists every event in the sources', () => {
  const logs = read('docs/logs.md')
  const sources = readdirSync(fileURLToPath(new URL('../src', import.meta.url)), { recursive: true, encoding: 'utf8' })
  const named = sources
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(`src/${file}`).matchAll(EVENT)].map(([, event = '']) => event))
  expect(named.length).toBeGreaterThan(25)
  for (const event of new Set(named)) expect(logs).toContain(`\`${event}\``)
})

/** As they are written: to the log, in `conclude`, in `logRefusalAs`. */
const EVENT = /(?:event: |conclude\(|logRefusalAs\()'([a-z]+\.[a-z_]+)'/g
