import { existsSync, readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import * as z from 'zod'
import { DEV_KEYS } from '../../src/dev/environment.ts'
import { completeFlow } from '../support/consent.ts'
import { startDev } from '../support/dev.ts'
import { eventually } from '../support/outbox.ts'
import { startCommand } from '../support/running-command.ts'

const landingOn = (path: string) =>
  `import type { Click } from 'kenar-chat-gateway'
export default ({ side }: Click) => ({ url: 'https://app.example.com/${path}?as=' + String(side) })\n`

test('a click lands where the TypeScript file says, and the next click after a change lands where it says then', async () => {
  const dev = await startDev({ 'resolver.ts': landingOn('one') }, 'resolver.ts')
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/one?as=demand' })
  await dev.write('resolver.ts', landingOn('another'))
  expect(await dev.click('seller')).toMatchObject({ url: 'https://app.example.com/another?as=supply' })
  await dev.end()
  const lines = dev.output().split('\n')
  for (const line of [
    /^[\d:]{8} {2}resolver +v1 {2}→ https:\/\/app\.example\.com\/one\?as=demand {2}\d+ ms$/,
    /^[\d:]{8} {2}click +buyer v1 {2}http:\S+\/divar\/session {2}200 {2}\d+ ms$/,
    /^[\d:]{8} {2}landing +seller v1 {2}https:\/\/app\.example\.com\/another\?as=supply$/,
    /^[\d:]{8} {2}reloaded /,
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(line))
  }
  expect(dev.output()).not.toContain('\u001b')
})

test('a change of a file that the resolver imports is seen too, also in a folder that is new', async () => {
  const files = {
    'resolver.mjs': `import { path } from './lib/path.mjs'\nexport default () => ({ url: 'https://app.example.com/' + path })`,
    'lib/path.mjs': `export const path = 'one'`,
  }
  const dev = await startDev(files, 'resolver.mjs')
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/one' })
  await dev.write('lib/path.mjs', `export const path = 'two'`)
  await dev.printed(/ reloaded /)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/two' })
  await mkdir(join(dev.cwd, 'later'))
  await dev.write('later/path.mjs', `export const path = 'three'`)
  await dev.write('resolver.mjs', files['resolver.mjs'].replace('./lib/', './later/'))
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/three' })
  const from = dev.output().length
  await dev.write('later/path.mjs', `export const path = 'four'`)
  await dev.printed(/ reloaded /, from)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/four' })
  await dev.end()
})

test('a file that does not load is told with its line, in the terminal and to the click; the next save recovers', async () => {
  const dev = await startDev({ 'resolver.mjs': 'export default () => ({\n  url: ;\n})' }, 'resolver.mjs')
  const reason = `resolver.mjs:2: SyntaxError: Unexpected token ';'`
  expect(await dev.click()).toEqual({ refusal: reason })
  await dev.printed(/ not loaded +resolver\.mjs:2: SyntaxError: Unexpected token ';'\n +url: ;\n +\^/)
  await dev.write('resolver.mjs', `export default () => ({ url: 'https://app.example.com/ok' })`)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/ok' })
  await dev.end()
})

test('package.json with "type": "commonjs" is named when it is the reason that a file does not load', async () => {
  const files = { 'package.json': '{ "type": "commonjs" }', 'resolver.ts': landingOn('one') }
  const dev = await startDev(files, 'resolver.ts')
  expect((await dev.click()).refusal).toMatch(/package\.json says "type": "commonjs": write "module" there, or name/)
  await dev.end()
})

test('an error of the resolver is one line with its place, and the timeline has what it was asked and its stack', async () => {
  const file = `export default (click) => {\n  return click.data.order.id\n}`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  expect(await dev.click()).toMatchObject({ refusal: expect.stringContaining('500') })
  await dev.printed(
    / resolver +v1 {2}resolver\.mjs:2: TypeError: Cannot read properties of undefined \(reading 'id'\) {2}/,
  )
  expect((await dev.timeline()).find(({ kind }) => kind === 'resolver')).toMatchObject({
    outcome: 'failed',
    resolution: {
      clickId: expect.stringMatching(/^clk_/),
      asked: expect.stringContaining('"side":"demand"'),
      // Without the gateway's own part of the stack.
      error: expect.stringMatching(/^the resolver threw\nTypeError: .*\n +at .*resolver\.mjs:2:\d+\)$/),
    },
  })
  await dev.end()
})

test('a resolver that ends its process is told, and the next click finds a new one', async () => {
  const file = `export default ({ side }) => side === 'supply' ? process.exit(3) : { url: 'https://app.example.com/ok' }`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  await dev.click('seller')
  await dev.printed(/ crashed .*exit code 3/)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/ok' })
  await dev.end()
})

test('what the resolver prints and logs is in the terminal', async () => {
  const file = `export default (_, { log }) => {
    console.log('printed by hand')
    log.info({ event: 'order.opened', order: 'B-7' })
    return { url: 'https://app.example.com/ok' }
  }`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  await dev.click()
  await dev.printed(/^ +printed by hand$/m)
  await dev.printed(/ log +info {2}order\.opened {2}\{"order":"B-7"\}$/m)
  await dev.end()
})

test('consent works, and the printed message is sent; no token, text or id of a consent link is in a line about them', async () => {
  const file = `export default () => ({ url: 'https://app.example.com/ok', scopes: ['chat'] })`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  const { url = '' } = await dev.click()
  const flow = await completeFlow(url)
  expect(flow.location).toBe('https://app.example.com/ok')
  const [command = ''] = await dev.printed(/curl -s \S+\/messages .*\n.*/)
  const [, messages = ''] = /curl -s (\S+)/.exec(command) ?? []
  const [, text = '{}'] = /-d '(.*)'/.exec(command) ?? []
  const body = z.looseObject({ conversation_id: z.string() }).parse(JSON.parse(text))
  const headers = { 'content-type': 'application/json', 'x-api-key': DEV_KEYS.internal }
  const withToken = { ...headers, 'x-access-token': DEV_KEYS.userToken }
  const sent = await fetch(messages, { method: 'POST', headers: withToken, body: text })
  expect(sent.status).toBe(200)
  await dev.printed(/ send +.*200/)
  expect((await fetch(new URL('/docs', messages))).status).toBe(200)
  await dev.end()
  expect(dev.output()).not.toMatch(/cns_[\w-]{24}|ory_(?:at|rt|ac)_/)
  expect(dev.output().replace(command, '')).not.toContain(String(body['message']))
})

test('the gateway ends when the command is killed', async () => {
  const dev = await startDev({})
  const [, gateway = ''] = await dev.printed(/gateway +(http:\S+) for Divar/)
  expect((await fetch(`${gateway}/healthz`)).status).toBe(200)
  dev.kill('SIGKILL')
  const isGone = () =>
    fetch(`${gateway}/healthz`).then(
      () => undefined,
      () => true,
    )
  expect(await eventually(isGone, 'the gateway is gone')).toBe(true)
})

test('without a resolver, a click lands on a page that shows it', async () => {
  const dev = await startDev({})
  const { url = '' } = await dev.click('seller')
  expect(new URL(url).origin).toBe(dev.simulator)
  expect(await (await fetch(url)).text()).toContain('"side": "supply"')
  await dev.end()
})

test('a named store is kept, a temporary one is removed at the end', async () => {
  const dev = await startDev({ 'resolver.mjs': '' }, '--store', 'dev.db')
  await dev.end()
  expect(existsSync(join(dev.cwd, 'dev.db'))).toBe(true)
  const other = await startDev({})
  expect(readdirSync(other.temporary)).toHaveLength(1)
  await other.end()
  expect(readdirSync(other.temporary)).toEqual([])
})

test.each<[string, string[], RegExp]>([
  [
    'a file that does not exist',
    ['nowhere.ts'],
    /^nowhere\.ts: there is no such file; `kenar-chat-gateway init` writes/,
  ],
  ['a file and --forward', ['resolver.ts', '--forward', 'http://127.0.0.1:1'], /^give a file or --forward, not both/],
  ['an address that is none', ['--forward', 'nowhere'], /^nowhere: expected an http\(s\) address/],
])('%s is told in one sentence', async (_, args, said) => {
  const dev = startCommand(['dev', ...args])
  expect(await dev.exited).toBe(2)
  expect(dev.output()).toMatch(said)
  expect(dev.output().trimEnd().split('\n')).toHaveLength(1)
})

test('a port that was asked for and is in use is told in one sentence', async () => {
  const dev = await startDev({})
  const { port } = new URL(dev.simulator)
  const second = startCommand(['dev', '--simulator-port', port])
  expect(await second.exited).toBe(2)
  expect(second.output()).toBe(`the command failed: port ${port} is in use\n`)
  await dev.end()
})
