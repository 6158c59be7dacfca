import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import { fixture, tempFile, runCli } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'

const bad = { conversation_id: 'c', message: ' ' }
const keys = ['--key', KEYS.caller, '--token', KEYS.token]

test("--unchecked sends an invalid message and prints the gateway's pointers", async () => {
  const { url, divar } = await startTestGateway()
  const { code, out } = await runCli('send', await tempFile('bad.json', bad), '--unchecked', '--url', url, ...keys)
  expect([code, out]).toEqual([1, expect.stringMatching(/^400 \(\d+ ms\) invalid_message\n {2}\/message: /)])
  expect(divar.received).toEqual([])
})

test('--json also reports a message that was not sent', async () => {
  const { code, out } = await runCli('send', await tempFile('bad.json', bad), '--json', ...keys)
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ sent: false, errors: [{ pointer: '/message' }] })
})

test.each(['<html>', '[]', '"ok"', 'null'])('an answer that is not a JSON object (%s) is a failure', async (answer) => {
  const url = await originOf(createServer((_, response) => response.end(answer)))
  const { code, out } = await runCli('send', fixture('message-v1-link.json'), '--url', url, ...keys)
  expect([code, out]).toEqual([1, expect.stringContaining('200')])
})

test.each([
  [3, ['send', fixture('message-v1-link.json'), '--url', 'http://127.0.0.1:9', ...keys]],
  [3, ['trigger', 'v1-menu', '--url', 'http://127.0.0.1:9', '--key', KEYS.identification]],
  [2, ['trigger', 'no-such-file', '--key', KEYS.identification]],
  [2, ['validate', 'no-such-file']],
  [2, ['try', 'no-such-module.mjs', '--click', 'v1-menu']],
])('--json prints one document with exit code %i of %j, without keys', async (expected, args) => {
  const { code, out, err } = await runCli(...args, '--json')
  expect(code).toBe(expected)
  expect(JSON.parse(out)).toBeTruthy()
  for (const key of Object.values(KEYS)) expect(out + err).not.toContain(key)
})

test('an option that cannot be parsed gives exit code 2, without a stack trace', async () => {
  const { code, err } = await runCli('record', 'never-made', '--simulator', 'nonsense')
  expect([code, err]).toEqual([2, 'nonsense: expected an http(s) address'])
  expect(err).not.toMatch(/^ +at .*:\d+:\d+/m)
})
