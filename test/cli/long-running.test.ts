import { readdir } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { createWorld } from '../../src/simulator/world.ts'
import { tempFolder } from '../support/command-line.ts'
import { KEYS } from '../support/gateway.ts'
import { startCommand } from '../support/running-command.ts'
import { startSimulatedGateway } from '../support/simulated-gateway.ts'

test('record --follow records new exchanges until it is stopped', async () => {
  const { simulator } = await startSimulatedGateway()
  const click = () =>
    fetch(`${simulator.url}/simulator/clicks`, { method: 'POST', body: JSON.stringify({ side: 'buyer' }) })
  await click()
  const folder = await tempFolder()
  const record = startCommand(['record', folder, '--follow', '--simulator', simulator.url])
  await record.printed(/001-click/)
  await click()
  await record.printed(/002-click/)
  record.kill('SIGINT')
  expect(await record.exited).toBe(0)
  expect((await readdir(folder)).toSorted()).toEqual(['001-click.json', '002-click.json'])
})

test('simulator serves its page until it is stopped', async () => {
  const command = startCommand(['simulator', '--port', '0', '--identification-key', 'x', '--api-key', 'y'])
  const [, url = ''] = await command.printed(/Open (http:\S+)/)
  expect(await (await fetch(url)).text()).toContain('data-phones')
  command.kill('SIGTERM')
  expect(await command.exited).toBe(0)
})

test('simulator --internal-key sends messages through the gateway, with the key of a caller', async () => {
  const { gatewayUrl } = await startSimulatedGateway()
  const keys = ['--identification-key', 'x', '--api-key', 'y', '--internal-key', KEYS.caller]
  const command = startCommand(['simulator', '--port', '0', ...keys, '--internal-url', gatewayUrl])
  const [, url = ''] = await command.printed(/Open (http:\S+)/)
  const body = JSON.stringify({ body: { conversation_id: 'c-1', message: ' ' } })
  const checked = await fetch(`${url}/simulator/gateway/check`, { method: 'POST', body })
  expect(await checked.json()).toMatchObject({ status: 400, body: { errors: [{ pointer: '/message' }] } })
  command.kill('SIGTERM')
  expect(await command.exited).toBe(0)
  expect(command.output()).not.toContain(KEYS.caller)
})

test('simulator prints each note on an exchange on a line of its own, with foreign line breaks escaped', async () => {
  const keys = ['--identification-key', 'x', '--api-key', 'y', '--token', 'z']
  const command = startCommand(['simulator', '--port', '0', ...keys])
  const [, url = ''] = await command.printed(/Open (http:\S+)/)
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
  await command.printed(/half surrogates/)
  expect(command.output()).toContain(
    `\ndelivery POST ${path} 400 refused\n  forged\\u000aline: expected a text without NUL`,
  )
  command.kill('SIGTERM')
  expect(await command.exited).toBe(0)
})
