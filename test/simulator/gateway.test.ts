import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { startDemo } from '../support/demo.ts'
import { KEYS } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { eventually } from '../support/outbox.ts'
import { SELLER_TOKEN } from '../support/simulated-gateway.ts'

let demo: Awaited<ReturnType<typeof startDemo>>
beforeAll(async () => {
  demo = await startDemo()
})

async function ask(url: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/simulator/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() }
}

const message = (text: string) => ({ conversation_id: demo.simulator.world.conversationId, message: text })

test("a message goes through the gateway with the user's token, and comes back with the gateway's answer", async () => {
  const sent = await ask(demo.simulator.url, 'gateway/messages', { body: message('سلام'), token_of: 'seller' })
  expect(sent).toMatchObject({ status: 200, body: { status: 200, body: { message: 'success' } } })
  expect(demo.simulator.conversation.snapshot().messages.at(-1)).toMatchObject({ text: 'سلام', from: 'seller' })
})

test('without a token the gateway uses a grant, and says when there is none', async () => {
  const sent = await ask(demo.simulator.url, 'gateway/messages', { body: { ...message('سلام'), user_id: 'u-1' } })
  expect(sent).toMatchObject({ status: 200, body: { status: 403, body: { code: 'consent_required' } } })
})

test('a queued message is answered 202, and delivered afterwards', async () => {
  const sent = { body: message('در صف'), token_of: 'seller', queued: true }
  expect(await ask(demo.simulator.url, 'gateway/messages', sent)).toMatchObject({ body: { status: 202 } })
  const delivered = () => demo.simulator.conversation.snapshot().messages.find(({ text }) => text === 'در صف')
  await eventually(() => Promise.resolve(delivered()), 'the queued message')
})

test('a check names the mistakes and sends nothing', async () => {
  const before = demo.simulator.conversation.snapshot().messages.length
  const { status, body } = await ask(demo.simulator.url, 'gateway/check', { body: message(' ') })
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { status: 400, body: { errors: [{ pointer: '/message' }] } },
  })
  const timed = { body: { ...message('later'), not_before: '2026-12-01T08:00:00+03:30' } }
  const asked = async (queued: boolean) => (await ask(demo.simulator.url, 'gateway/check', { ...timed, queued })).body
  expect(await asked(true)).toMatchObject({ status: 200 })
  expect(await asked(false)).toMatchObject({ status: 400, body: { errors: [{ pointer: '/not_before' }] } })
  expect(demo.simulator.conversation.snapshot().messages.length).toBe(before)
})

test("the gateway's key and the user's token leave the server in a copied command only", async () => {
  const [info, state] = await Promise.all([ask(demo.simulator.url, 'gateway'), ask(demo.simulator.url, 'state')])
  expect(info.body).toEqual({ url: demo.internalUrl, docsUrl: `${demo.internalUrl}/docs`, tokens: ['seller'] })
  expect(JSON.stringify([info, state])).not.toContain(KEYS.caller)
  const { body } = await ask(demo.simulator.url, 'gateway/curl', { body: message("it's"), token_of: 'seller' })
  expect(body).toEqual({ command: expect.stringContaining(`-H 'x-api-key: ${KEYS.caller}'`) })
  expect(body).toEqual({ command: expect.stringContaining(`-H 'x-access-token: ${SELLER_TOKEN}'`) })
  expect(body).toEqual({ command: expect.stringContaining(`it'\\''s`) })
})

const running: (() => unknown)[] = []
afterAll(() => Promise.all(running.map((stop) => stop())))

test('without a gateway the page is told which option gives one, and the command has a variable for the key', async () => {
  const simulator = await startSimulator({ apiKey: 'key' })
  running.push(simulator.close)
  expect(await ask(simulator.url, 'gateway')).toEqual({ status: 200, body: { tokens: [] } })
  expect(await ask(simulator.url, 'gateway/messages', { body: {} })).toEqual({
    status: 409,
    body: { error: expect.stringContaining('--internal-key') },
  })
  const { body } = await ask(simulator.url, 'gateway/curl', { body: {} })
  expect(body).toEqual({ command: expect.stringContaining('-H "x-api-key: $KENAR_INTERNAL_KEY"') })
})

test('a gateway that does not answer as HTTP is a 502 with the reason', async () => {
  const broken = createServer((request) => request.destroy()).listen(0, '127.0.0.1')
  running.push(() => broken.close())
  const simulator = await startSimulator({
    apiKey: 'key',
    gateway: { url: await originOf(broken), internalKey: 'internal' },
  })
  running.push(simulator.close)
  const { status, body } = await ask(simulator.url, 'gateway/check', { body: {} })
  expect({ status, body }).toEqual({ status: 502, body: { error: expect.stringContaining('The call failed') } })
})

test('the names of all published icons are listed', async () => {
  const { body } = await ask(demo.simulator.url, 'icons')
  expect(body).toEqual(expect.arrayContaining(['CAR_INSPECTED', 'PASSKEY']))
})
