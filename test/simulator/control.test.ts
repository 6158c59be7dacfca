import { request } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { sendThrough, startSimulatedGateway, type SimulatedGateway } from '../support/simulated-gateway.ts'

const ask = (
  setup: SimulatedGateway,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) =>
  fetch(`${setup.simulator.url}/simulator/${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

const toConversation = { conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea', message: 'سلام' }

describe('faults on demand', () => {
  test.each([
    ['401', 403, 'token_refused'],
    ['403', 403, 'not_permitted'],
    ['412', 412, 'recipient_restricted'],
    ['429', 429, 'rate_limited'],
    ['500', 502, 'platform_error'],
    ['reset', 504, 'unknown'],
    ['reset_after', 504, 'unknown'],
    ['103_reset', 504, 'unknown'],
  ])('%s makes the next send %i %s, and only that one', async (fault, status, code) => {
    const setup = await startSimulatedGateway()
    await ask(setup, 'POST', 'faults', { fault })
    const refused = await sendThrough(setup.gatewayUrl, toConversation)
    expect([refused.status, await refused.json()]).toEqual([status, expect.objectContaining({ code })])
    if (fault === '429') expect(refused.headers.get('retry-after')).toBe('5')
    expect((await sendThrough(setup.gatewayUrl, toConversation)).status).toBe(200)
    const { timeline, messages, faults } = setup.simulator.conversation.snapshot()
    expect(timeline.map(({ outcome }) => outcome)).toEqual(['faulted', 'ok'])
    // A connection that is cut after the commit: the message is there although its sender cannot know.
    expect(messages).toHaveLength(fault === 'reset_after' ? 2 : 1)
    expect(faults).toEqual([])
  })

  test('one that never answers is given up by the gateway as unknown', async () => {
    const setup = await startSimulatedGateway(() => ({ DIVAR_TIMEOUT_MS: '200' }))
    await ask(setup, 'POST', 'faults', { fault: 'silence' })
    expect((await sendThrough(setup.gatewayUrl, toConversation)).status).toBe(504)
  })

  test('are used as often as requested, and can be removed', async () => {
    const setup = await startSimulatedGateway()
    await ask(setup, 'POST', 'faults', { fault: '412', times: 3 })
    await sendThrough(setup.gatewayUrl, toConversation)
    expect(await (await ask(setup, 'GET', 'faults')).json()).toEqual([{ fault: '412', times: 2 }])
    expect((await ask(setup, 'DELETE', 'faults')).status).toBe(200)
    expect((await sendThrough(setup.gatewayUrl, toConversation)).status).toBe(200)
  })

  test.each([{ fault: 'nothing' }, { fault: '412', times: 0 }, { times: 1 }, []])('%j is refused', async (body) => {
    const setup = await startSimulatedGateway()
    expect((await ask(setup, 'POST', 'faults', body)).status).toBe(400)
    expect(setup.simulator.conversation.faults.list()).toEqual([])
  })
})

test('a user who has blocked the other gets no message: 412 until the block is removed', async () => {
  const setup = await startSimulatedGateway()
  await ask(setup, 'POST', 'settings', { blocked_by: 'buyer' })
  expect((await sendThrough(setup.gatewayUrl, toConversation)).status).toBe(412)
  await ask(setup, 'POST', 'settings', { blocked_by: null })
  expect((await sendThrough(setup.gatewayUrl, toConversation)).status).toBe(200)
})

test('a page gets the full state first, then each change', async () => {
  const setup = await startSimulatedGateway()
  await ask(setup, 'POST', 'messages', { side: 'seller', text: 'هست؟' })
  const stream = await ask(setup, 'GET', 'events')
  await ask(setup, 'POST', 'messages', { side: 'buyer', text: 'بله' })
  let text = ''
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    text += (await reader?.read())?.value ?? ''
    if (text.includes('event: message') && text.endsWith('\n\n')) break
  }
  expect(text).toMatch(/^event: snapshot\ndata: .*هست؟.*\n\nevent: message\ndata: .*بله.*\n\n$/)
})

test('a reset empties the chat, the timeline, the faults and the block', async () => {
  const setup = await startSimulatedGateway()
  await sendThrough(setup.gatewayUrl, toConversation)
  await ask(setup, 'POST', 'faults', { fault: '500' })
  await ask(setup, 'POST', 'settings', { blocked_by: 'seller' })
  await ask(setup, 'POST', 'reset')
  expect(setup.simulator.conversation.snapshot()).toMatchObject({
    messages: [],
    timeline: [],
    faults: [],
    settings: { blockedBy: null },
  })
})

describe('other sites cannot control the simulator', () => {
  test("another site's page is refused", async () => {
    const setup = await startSimulatedGateway()
    const answer = await ask(setup, 'POST', 'reset', {}, { origin: 'https://evil.example' })
    expect(answer.status).toBe(403)
  })

  test('another name for this address is refused', async () => {
    const { simulator } = await startSimulatedGateway()
    const call = request({
      host: '127.0.0.1',
      port: simulator.port,
      path: '/simulator/state',
      headers: { host: 'evil.example' },
    })
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    call.once('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    call.end()
    expect(await promise).toBe(403)
  })

  test.each(['invalid JSON', '[1'])('a body of %j is 400', async (body) => {
    const { simulator } = await startSimulatedGateway()
    const answer = await fetch(`${simulator.url}/simulator/messages`, { method: 'POST', body })
    expect(answer.status).toBe(400)
  })

  test('localhost redirects to the address of the page', async () => {
    const { simulator } = await startSimulatedGateway()
    const answer = await fetch(`http://localhost:${simulator.port}/`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, simulator.url])
  })
})
