import { describe, expect, test } from '@jest/globals'
import { createServer } from 'node:http'
import * as z from 'zod'
import type { ClickResult } from '../../src/simulator/shown.ts'
import { originOf } from '../support/listen.ts'
import { KEYS } from '../support/gateway.ts'
import { readFileSync } from 'node:fs'
import { sendThrough, startSimulatedGateway, type SimulatedGateway } from '../support/simulated-gateway.ts'

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'))

const result = z.object({
  entryId: z.number(),
  url: z.string().optional(),
  framable: z.string().optional(),
  refusal: z.string().optional(),
})

async function ask(setup: SimulatedGateway, path: string, body: unknown) {
  const answer = await fetch(`${setup.simulator.url}/simulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answered: unknown = await answer.json()
  return { status: answer.status, body: answered }
}

async function click(setup: SimulatedGateway, body: unknown) {
  const { status, body: answered } = await ask(setup, 'clicks', body)
  expect(status).toBe(200)
  return result.parse(answered)
}

const bodyOfLastClick = ({ simulator }: SimulatedGateway): unknown =>
  JSON.parse(simulator.conversation.snapshot().timeline.findLast(({ kind }) => kind === 'click')?.request?.body ?? '')

describe('a click of the simulator', () => {
  test('from the menu reaches the gateway on v1 as the platform writes it and returns its landing', async () => {
    const setup = await startSimulatedGateway()
    const { url } = await click(setup, { side: 'buyer' })
    expect(url).toBe('https://app.example.com/start?post_token=AZf3Uqr3')
    expect(bodyOfLastClick(setup)).toEqual({
      ...z.record(z.string(), z.unknown()).parse(fixture('click-v1-menu.json')),
      callback_url: `${setup.simulator.url}/completion`,
    })
  })

  test("uses the older spelling of the seller's key if configured", async () => {
    const setup = await startSimulatedGateway()
    await ask(setup, 'settings', { supplier_key: 'Supplier' })
    expect((await click(setup, { side: 'buyer' })).url).toBe('https://app.example.com/start?post_token=AZf3Uqr3')
    expect(bodyOfLastClick(setup)).toMatchObject({ Supplier: { id: '1697004f-e902-44c2-bbbe-bf8e20d54bff' } })
    expect(bodyOfLastClick(setup)).not.toHaveProperty('supplier')
  })

  test('uses v2, with its header, if configured', async () => {
    const setup = await startSimulatedGateway()
    expect((await ask(setup, 'settings', { wire: 'v2' })).status).toBe(200)
    const { url } = await click(setup, { side: 'seller' })
    expect(url).toBe('https://app.example.com/start?post_token=AZf3Uqr3')
    expect(bodyOfLastClick(setup)).toMatchObject({ source: 'CHAT', user_side: 'SUPPLY', extra_data: null })
    const entry = setup.simulator.conversation.snapshot().timeline.find(({ kind }) => kind === 'click')
    expect(entry?.request?.headers['API-Version']).toBe('2')
    expect(entry?.budgetMs).toBe(2000)
  })

  test("on a message's button contains the app's data", async () => {
    const setup = await startSimulatedGateway()
    const message = z.record(z.string(), z.unknown()).parse(fixture('message-v1-link.json'))
    const sent = { ...message, user_id: message['peer_id'], peer_id: message['user_id'] }
    expect((await sendThrough(setup.gatewayUrl, sent)).status).toBe(200)
    const [shown] = setup.simulator.conversation.snapshot().messages
    expect(shown).toMatchObject({ kind: 'app', from: 'seller', wire: 'v1' })
    expect(shown?.buttons.seller[0]?.[0]?.caption).toBe('پیگیری درخواست')
    expect(shown?.buttons.buyer[0]?.[0]?.caption).toBe('تأیید زمان بازدید')
    const { url } = await click(setup, { side: 'buyer', message_id: shown?.id, row: 0, column: 0 })
    expect(url).toBe('https://app.example.com/start?post_token=AZf3Uqr3&data.order_id=A-1029')
  })

  test('under a location carries the location', async () => {
    const setup = await startSimulatedGateway(() => ({
      LANDING_URL_TEMPLATE: 'https://app.example.com/map{?latitude,longitude,side}',
    }))
    const location = { latitude: 35.7, longitude: 51.4 }
    const said = await ask(setup, 'messages', { side: 'buyer', location })
    const { id } = z.object({ id: z.string() }).parse(said.body)
    const { url } = await click(setup, { side: 'seller', message_id: id, row: 0, column: 0 })
    expect(url).toBe('https://app.example.com/map?latitude=35.7&longitude=51.4&side=supply')
  })

  test.each([
    [{ side: 'buyer', message_id: 'nobody' }, 409],
    [{ side: 'nobody' }, 400],
    [{}, 400],
  ])('on a missing target is refused: %j', async (body, status) => {
    const setup = await startSimulatedGateway()
    expect((await ask(setup, 'clicks', body)).status).toBe(status)
  })
})

describe('faults of clicks', () => {
  test('a wrong key is sent on request, and the note says that the gateway refused it', async () => {
    const setup = await startSimulatedGateway()
    await ask(setup, 'faults', { fault: 'wrong_key' })
    const { refusal, url } = await click(setup, { side: 'buyer' })
    expect(url).toBeUndefined()
    expect(refusal).toContain('refused it with 401')
    expect((await click(setup, { side: 'buyer' })).url).toContain('https://')
  })

  test('a wrong key that the gateway accepts is reported', async () => {
    const origin = await originOf(
      createServer((_, response) => response.end('{"status":"200","message":"x","url":"https://a.example/"}')),
    )
    const setup = await startSimulatedGateway()
    await ask(setup, 'settings', { session_url: `${origin}/divar/session` })
    await ask(setup, 'faults', { fault: 'wrong_key' })
    expect((await click(setup, { side: 'buyer' })).refusal).toContain('did NOT refuse')
  })

  test('a double click arrives twice and lands once', async () => {
    const setup = await startSimulatedGateway()
    await ask(setup, 'faults', { fault: 'duplicate_click' })
    await click(setup, { side: 'buyer' })
    const kinds = setup.simulator.conversation.snapshot().timeline.map(({ kind, outcome }) => `${kind} ${outcome}`)
    expect(kinds).toEqual(['click ok', 'click faulted', 'landing ok'])
  })

  test.each<[string, string, string]>([
    ['invalid JSON', 'hello', 'no JSON object with a url'],
    ['an invalid url', '{"status":"200","message":"","url":"javascript:alert(1)"}', 'not an absolute http(s) address'],
  ])('an app that answers with %s is reported', async (_, answer, told) => {
    const origin = await originOf(createServer((__, response) => response.end(answer)))
    const setup = await startSimulatedGateway()
    await ask(setup, 'settings', { session_url: `${origin}/` })
    const clicked: ClickResult = z.custom<ClickResult>().parse(await click(setup, { side: 'buyer' }))
    expect(clicked.refusal).toContain(told)
  })

  test('an app that is down is reported', async () => {
    const setup = await startSimulatedGateway()
    await ask(setup, 'settings', { session_url: 'http://127.0.0.1:9/' })
    expect((await click(setup, { side: 'buyer' })).refusal).toContain('Is the gateway running')
  })
})

describe('whether a frame may show a landing', () => {
  test.each([
    [{}, 'yes'],
    [{ 'x-frame-options': 'DENY' }, 'no'],
    [{ 'x-frame-options': 'SAMEORIGIN' }, 'no'],
    [{ 'content-security-policy': "default-src 'none'; frame-ancestors 'self'" }, 'no'],
    [{ 'content-security-policy': 'frame-ancestors *' }, 'yes'],
    [{ 'content-disposition': 'attachment; filename="contract.html"' }, 'download'],
    [{ 'content-type': 'application/zip' }, 'download'],
  ])('%j: %s', async (headers: Record<string, string>, framable) => {
    const origin = await originOf(createServer((_, response) => response.writeHead(200, headers).end()))
    const setup = await startSimulatedGateway(() => ({ LANDING_URL_TEMPLATE: `${origin}/start{?side}` }))
    expect((await click(setup, { side: 'buyer' })).framable).toBe(framable)
  })

  test('an answer without content is empty', async () => {
    const origin = await originOf(createServer((_, response) => response.writeHead(204).end()))
    const setup = await startSimulatedGateway(() => ({ LANDING_URL_TEMPLATE: `${origin}/start{?side}` }))
    expect((await click(setup, { side: 'buyer' })).framable).toBe('empty')
  })

  test("another machine's address is never requested, so nothing is known about it", async () => {
    const setup = await startSimulatedGateway(() => ({ LANDING_URL_TEMPLATE: 'https://192.0.2.1/start{?side}' }))
    expect((await click(setup, { side: 'buyer' })).framable).toBe('unknown')
  })

  test('a sample address is told apart, and is never requested', async () => {
    const setup = await startSimulatedGateway()
    expect((await click(setup, { side: 'buyer' })).framable).toBe('placeholder')
  })
})

test('the identification key is shown in the page, to repeat a call, but not logged', async () => {
  const lines: string[] = []
  const setup = await startSimulatedGateway(() => ({}), { log: (line) => lines.push(line) })
  await click(setup, { side: 'buyer' })
  expect(JSON.stringify(setup.simulator.conversation.snapshot())).toContain(KEYS.identification)
  expect(lines.join('\n')).not.toContain(KEYS.identification)
})
