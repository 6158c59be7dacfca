import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort } from '../prove/support/free-port.ts'
import * as z from 'zod'
import { faultStatus } from '../src/base/fault.ts'
import { printedCommands, readPage as read, runPrinted, withoutIds } from './support/printed-commands.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = read('README.md')

/** Every command of the README, with the output that is printed under it. */
const commands = printedCommands(readme)
/** These run elsewhere: the tests are running right now, the demo is up while they do, and not every machine has containers or a cluster. */
const elsewhere = /^\s*(?:npm ci && npm (?:run demo|test)\n|docker |kubectl )/
const runnable = commands.filter(({ command }) => !elsewhere.test(command))

/** The ports as printed, and free ones to run with: the demo may be running during the tests. */
const ports = new Map<string, number>()
const withFreePorts = (text: string) =>
  text.replaceAll(/\b(?:3000|3100|4000|5050)\b/g, (printed) => String(ports.get(printed)))

let demo: ChildProcess
let transcript = ''
beforeAll(async () => {
  // As the README has it, less the installation, which has happened.
  expect(readme).toContain('npm ci && npm run demo\n')
  for (const printed of ['3000', '3100', '4000', '5050']) ports.set(printed, await freePort())
  const options = [
    '--port',
    withFreePorts('3000'),
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

describe('the README', () => {
  test('has commands to try', () => {
    expect(runnable.length).toBeGreaterThanOrEqual(7)
  })

  test.each(runnable.map(({ command, output }) => [command.split('\n')[0], command, output]))(
    '%s … prints the output shown below it',
    async (_, command = '', output) => {
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
    expect(printed).toHaveLength(2)
    expect(await run(printed[0] ?? '')).toContain('"status":"200"')
    expect(await run(printed[1] ?? '')).toContain('"status":200')
  })

  test.each(['README.md', 'README.fa.md'])('%s links only to existing files', (name) => {
    for (const [, link = ''] of read(name).matchAll(/\]\(([^)#]+)\)/g)) {
      if (link.startsWith('https://')) continue
      expect(() => (link.endsWith('/') ? read(`${link}README.md`) : read(link))).not.toThrow()
    }
  })
})

test('README.fa.md has the commands and outputs of README.md', () => {
  const blocks = (name: string) =>
    [...read(name).matchAll(/^ *```\w+\n.*?^ *```$/gms)].map(([block]) => block.replaceAll(/^ +/gm, ''))
  expect(blocks('README.md').length).toBeGreaterThan(30)
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
