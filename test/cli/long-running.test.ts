import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { createWorld } from '../../src/simulator/world.ts'
import { tempFolder } from '../support/command-line.ts'
import { startSimulatedGateway } from '../support/simulated-gateway.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
})

/** Starts a command that stays up; `printed` resolves with all output once it matches. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let output = ''
  let look = () => undefined
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += String(chunk)
    look()
  })
  const printed = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      look = () => {
        if (pattern.test(output)) resolve(output)
        return undefined
      }
      look()
    })
  return { child, printed }
}

test('record --follow records new exchanges until it is stopped', async () => {
  const { simulator } = await startSimulatedGateway()
  const click = () =>
    fetch(`${simulator.url}/simulator/clicks`, { method: 'POST', body: JSON.stringify({ side: 'buyer' }) })
  await click()
  const folder = await tempFolder()
  const { child, printed } = start('record', folder, '--follow', '--simulator', simulator.url)
  await printed(/001-click/)
  await click()
  await printed(/002-click/)
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect((await readdir(folder)).toSorted()).toEqual(['001-click.json', '002-click.json'])
})

test('simulator serves its page until it is stopped', async () => {
  const { child, printed } = start('simulator', '--port', '0', '--identification-key', 'x', '--api-key', 'y')
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(await printed(/Open http/)) ?? []
  expect(await (await fetch(url)).text()).toContain('data-phones')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('simulator prints each note on an exchange on a line of its own, with foreign line breaks escaped', async () => {
  const keys = ['--identification-key', 'x', '--api-key', 'y', '--token', 'z']
  const { child, printed } = start('simulator', '--port', '0', ...keys)
  const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(await printed(/Open http/)) ?? []
  const { people, post } = createWorld()
  const path = '/v2/open-platform/chat/conversation'
  const { status } = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'y', 'x-access-token': 'z' },
    body: JSON.stringify({
      user_id: people.seller.v1Id,
      peer_id: people.buyer.v1Id,
      post_token: post.token,
      type: 'TEXT',
      message: 'سلام',
      'forged\nline': '\0',
    }),
  })
  expect(status).toBe(400)
  expect(await printed(/half surrogates/)).toContain(
    `\ndelivery POST ${path} 400 refused\n  forged\\u000aline: expected a text without NUL`,
  )
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
