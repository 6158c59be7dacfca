import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { KEYS, startTestGateway } from '../support/gateway.ts'

const gateway = await startTestGateway()

function head(framing: string): string {
  return [
    'POST /divar/session HTTP/1.1',
    'host: gateway.example',
    `authorization: ${KEYS.identification}`,
    'content-type: application/json',
    framing,
    '\r\n',
  ].join('\r\n')
}

/** Sends the beginning of a click, ends the connection in the given way, and waits for the log line. */
async function cut(beginning: string, how: 'end' | 'resetAndDestroy') {
  const before = gateway.lines().length
  const socket = connect({ port: gateway.port, host: '127.0.0.1' })
  socket.on('error', () => undefined).resume()
  await once(socket, 'connect')
  await new Promise((resolve) => socket.write(beginning, resolve))
  // The gateway has it once it has answered what another connection asks.
  await fetch(`${gateway.url}/healthz`)
  socket[how]()
  await gateway.loggedWhen((lines) => lines.length > before)
  return gateway.lines()[before]
}

test.each([
  ['with a content-length, ended', head('content-length: 100') + '{"post_', 'end'],
  ['with a content-length, reset', head('content-length: 100') + '{"post_', 'resetAndDestroy'],
  ['with no byte sent, reset', head('content-length: 100'), 'resetAndDestroy'],
  ['in chunks, ended', head('transfer-encoding: chunked') + '7\r\n{"post_\r\n', 'end'],
  ['in chunks, reset', head('transfer-encoding: chunked') + '7\r\n{"post_\r\n', 'resetAndDestroy'],
] as const)('a truncated body is refused as unreadable: %s', async (_, beginning, how) => {
  expect(await cut(beginning, how)).toMatchObject({
    event: 'click.refused',
    code: 'malformed_request',
    client_gone: true,
  })
})

test('a malformed chunk ends the request, and the gateway keeps running', async () => {
  await cut(head('transfer-encoding: chunked') + 'nonsense\r\n', 'end')
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
})
