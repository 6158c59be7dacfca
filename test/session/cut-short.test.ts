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

/** Sends the beginning of a click, ends the connection in its way, and waits for the line that tells of it. */
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
  ['by its length, ended', head('content-length: 100') + '{"post_', 'end'],
  ['by its length, reset', head('content-length: 100') + '{"post_', 'resetAndDestroy'],
  ['without a byte of it, reset', head('content-length: 100'), 'resetAndDestroy'],
  ['in chunks, ended', head('transfer-encoding: chunked') + '7\r\n{"post_\r\n', 'end'],
  ['in chunks, reset', head('transfer-encoding: chunked') + '7\r\n{"post_\r\n', 'resetAndDestroy'],
] as const)('a body that breaks off is a request that cannot be read: %s', async (_, beginning, how) => {
  expect(await cut(beginning, how)).toMatchObject({
    event: 'click.refused',
    code: 'malformed_request',
    client_gone: true,
  })
})

test('a chunk that is none ends the request, and the gateway goes on', async () => {
  await cut(head('transfer-encoding: chunked') + 'nonsense\r\n', 'end')
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
})
