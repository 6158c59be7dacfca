import { createServer } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import { startService } from '../support/resolvers.ts'
import { send } from '../support/requests.ts'

function gatewayTo(url: string, timeoutMs = 5000): Promise<TestGateway> {
  return startTestGateway({ DIVAR_V1_API_URL: url, DIVAR_API_URL: url, DIVAR_TIMEOUT_MS: String(timeoutMs) })
}

/** The TLS handshake is never answered. */
async function muteServer(): Promise<string> {
  return (await originOf(createServer())).replace('http:', 'https:')
}

const unreachable: [string, () => Promise<TestGateway>][] = [
  [
    'refuses connections',
    async () => {
      const gateway = await startTestGateway()
      await gateway.divar.close()
      return gateway
    },
  ],
  ['has no address', () => gatewayTo('http://nowhere.invalid')],
  ['speaks no TLS', async () => gatewayTo((await startTestGateway()).divar.url.replace('http:', 'https:'))],
  ['takes the connection and is silent in its handshake', async () => gatewayTo(await muteServer(), 150)],
]

describe.each([
  ['v1', V1],
  ['v2', V2],
] as const)('502 not_sent: on %s, Divar', (wire, body) => {
  test.each(unreachable)('%s', async (_, start) => {
    const gateway = await start()
    const response = await send(gateway, body)
    const problem = problemOf(response)
    expect(problem).toMatchObject({
      status: 502,
      code: 'not_sent',
      outcome: 'not_sent',
      retryable: true,
      id: expect.stringMatching(/^msg_/),
    })
    expect(problem).not.toHaveProperty('divar')
    const line = await gateway.logged('message.not_sent')
    expect(line).toMatchObject({
      level: 'warn',
      caller: 'orders',
      wire,
      message_id: problem['id'],
      reason: expect.stringMatching(/./),
    })
    expect(line).not.toHaveProperty('divar_status')
  })
})

test('the next send after a reset opens a new connection', async () => {
  const gateway = await startTestGateway()
  gateway.divar.misbehave({ kind: 'reset' })
  expect((await send(gateway, V1)).status).toBe(504)
  expect((await send(gateway, V1)).status).toBe(200)
})

test.each([301, 302, 303, 307, 308])('a redirect with %d is not followed', async (status) => {
  const gateway = await startTestGateway()
  const seen: (string | undefined)[] = []
  const location = await startService((request, response) => {
    seen.push(request.url)
    response.end('{}')
  })
  gateway.divar.misbehave({ kind: 'answer', status, headers: { location } })
  expect(problemOf(await send(gateway, V2))).toMatchObject({ status: 422, code: 'rejected', divar: { status } })
  expect(seen).toEqual([])
})

test('a send whose caller has hung up is finished and logged once, with its outcome', async () => {
  const caller = new AbortController()
  const divar = await startService(() => {
    caller.abort()
  })
  const gateway = await gatewayTo(divar, 150)
  const sent = fetch(`${gateway.internalUrl}/messages`, {
    method: 'POST',
    signal: caller.signal,
    headers: { 'x-api-key': KEYS.caller, 'x-access-token': KEYS.token, 'content-type': 'application/json' },
    body: JSON.stringify(V1),
  })
  await expect(sent).rejects.toThrow()
  const line = await Promise.race([gateway.logged('message.unknown'), gateway.logged('message.refused')])
  expect(line).toMatchObject({
    event: 'message.unknown',
    caller: 'orders',
    client_gone: true,
    message_id: expect.stringMatching(/^msg_/),
    reason: 'timeout',
  })
  expect(gateway.lines()).toHaveLength(1)
})
