import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { sendThrough, SELLER_TOKEN, startSimulatedGateway } from '../support/simulated-gateway.ts'
import { KEYS } from '../support/gateway.ts'

const toConversation = { conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea', message: 'سلام' }

/** The answer's first line to a request with this target, which no client would write. */
async function raw(port: number, method: string, target: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(
    `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
  )
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
  await once(socket, 'close')
  return text.split('\r\n')[0] ?? ''
}

test.each([
  '*',
  'http://127.0.0.1:9/steal',
  '//127.0.0.1:9/steal',
  '/\\127.0.0.1:9/steal',
  '/..//127.0.0.1:9/steal',
  '/%2e//127.0.0.1:9/steal',
  '/x/..//127.0.0.1:9/steal',
])('the target %s is refused, and no entry is recorded that a replay could follow', async (target) => {
  const { simulator } = await startSimulatedGateway()
  expect(await raw(simulator.port, 'POST', target)).toBe('HTTP/1.1 400 Bad Request')
  expect(simulator.conversation.snapshot().timeline).toEqual([])
})

test('a body that is nested too deep is refused as bad, on the routes of the platform and on those of the page', async () => {
  const { simulator } = await startSimulatedGateway()
  const body = `${'{"a":'.repeat(20_000)}"]"${'}'.repeat(20_000)}`
  for (const path of ['/simulator/events', '/v2/open-platform/conversations/x/messages', '/oauth2/token']) {
    expect([path, (await fetch(simulator.url + path, { method: 'POST', body })).status]).toEqual([path, 400])
  }
  const wide = JSON.stringify({ side: 'seller', text: '[[{'.repeat(100) + '\\"' })
  expect((await fetch(`${simulator.url}/simulator/messages`, { method: 'POST', body: wide })).status).toBe(201)
})

test.each<[string, Record<string, string>, number]>([
  ['a page of another origin', { origin: 'https://evil.example' }, 403],
  ['a sandboxed page', { origin: 'null' }, 403],
  ['a page that hides its origin', { 'sec-fetch-site': 'cross-site' }, 403],
  ['an app on another port', { 'sec-fetch-site': 'same-site' }, 403],
  ['a program', {}, 200],
])('a send from %s gets %j with %i, and only sends from programs are recorded', async (_, headers, status) => {
  const { simulator } = await startSimulatedGateway()
  const answer = await new Promise<number | undefined>((resolve) => {
    request(`${simulator.url}/v2/open-platform/conversations/${simulator.world.conversationId}/messages`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-api-key': KEYS.divarApi,
        authorization: `Bearer ${SELLER_TOKEN}`,
        ...headers,
      },
    })
      .once('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      .end('{"message":"x"}')
  })
  expect(answer).toBe(status)
  expect(simulator.conversation.snapshot().timeline).toHaveLength(status === 200 ? 1 : 0)
})

test.each(['/v1/open-platform/nothing', '/oauth2/tokens', '/v1/open-platform/oauth/access_token'])(
  'a fault for a send does not apply to POST %s',
  async (path) => {
    const { simulator, gatewayUrl } = await startSimulatedGateway()
    simulator.conversation.faults.arm('500', 1)
    await fetch(simulator.url + path, { method: 'POST', body: '{}' })
    expect(simulator.conversation.faults.list()).toEqual([{ fault: '500', times: 1 }])
    expect((await sendThrough(gatewayUrl, toConversation)).status).toBe(502)
  },
)

test('a fault for a token request applies to the token routes of both versions only', async () => {
  const { simulator } = await startSimulatedGateway()
  simulator.conversation.faults.arm('token_500', 2)
  const statuses = []
  for (const path of ['/oauth2/tokens', '/oauth2/token', '/v1/open-platform/oauth/access_token'])
    statuses.push((await fetch(simulator.url + path, { method: 'POST', body: '{}' })).status)
  expect(statuses).toEqual([404, 500, 500])
})

test('a hundred large messages stay readable: the page is limited in bytes and always has the newest', async () => {
  const { simulator } = await startSimulatedGateway()
  for (let count = 0; count < 100; count += 1) {
    await fetch(`${simulator.url}/v2/open-platform/conversations/${simulator.world.conversationId}/messages`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-api-key': KEYS.divarApi,
        authorization: `Bearer ${SELLER_TOKEN}`,
      },
      body: JSON.stringify({ message: `${count} ${'x'.repeat(100 * 1024)}` }),
    })
  }
  const state = await (await fetch(`${simulator.url}/simulator/state`)).text()
  expect(state.length).toBeLessThan(4 * 1024 * 1024)
  expect(simulator.conversation.snapshot().messages.at(-1)?.text).toMatch(/^99 /)
})

test('a body that is too large is 413, and the next request is answered', async () => {
  const { simulator } = await startSimulatedGateway()
  const answer = await fetch(`${simulator.url}/oauth2/token`, { method: 'POST', body: 'x'.repeat(300 * 1024) })
  expect(answer.status).toBe(413)
  expect((await fetch(`${simulator.url}/simulator/state`)).status).toBe(200)
})

test('a 103 and then a reset leaves the sender with an unknown outcome and the chat without a message', async () => {
  const { simulator, gatewayUrl } = await startSimulatedGateway()
  simulator.conversation.faults.arm('103_reset', 1)
  expect((await sendThrough(gatewayUrl, toConversation)).status).toBe(504)
  expect(simulator.conversation.snapshot().messages).toEqual([])
})
