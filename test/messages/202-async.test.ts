import { beforeAll, describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type LogLine, type TestGateway } from '../support/gateway.ts'
import { MALFORMED_BODIES } from '../support/malformed-bodies.ts'
import { problemOf, TRIPLE, untraced, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import {
  answer,
  divarAt,
  idOf,
  listMessages,
  post,
  queue,
  getMessage,
  spawnReachable,
  startDivar,
  startOn,
  startStored,
  retryOrCancel,
  textsReceivedBy,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { send } from '../support/requests.ts'

const ASYNC = { prefer: 'respond-async' }

describe.each(DATABASES)('202: on %s', (kind) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind))
  })

  test.each([
    'respond-async',
    'Respond-Async',
    'respond-async, wait=10',
    'wait=10,respond-async',
    'handling=lenient; x=y , respond-async ; z',
    'respond-async;foo=bar',
    'respond-async=""',
    '  respond-async\t, return=minimal',
  ])('Prefer: %s', async (prefer) => {
    const response = await post(gateway, V2, { prefer })
    expect({ status: response.status, text: response.text }).toMatchObject({ status: 202 })
    const id = idOf(response)
    expect(JSON.parse(response.text)).toEqual({ id, state: 'queued' })
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      location: `/messages/${id}`,
      'preference-applied': 'respond-async',
      'cache-control': 'no-store',
    })
    await until(gateway, id, 'delivered')
  })

  test.each([
    'wait=10',
    'respond-asynchronously',
    'not-respond-async',
    'return=minimal; respond-async',
    'note="a, respond-async, b"',
  ])('Prefer: %s does not queue', async (prefer) => {
    const response = await post(gateway, V2, { prefer })
    expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 })
    expect(response.headers).not.toHaveProperty('preference-applied')
  })

  test('the message is in the store before the answer and visible at once', async () => {
    const id = await queue(gateway, V2)
    const { state, wire, created_at } = await getMessage(gateway, id)
    expect(['queued', 'sending', 'delivered']).toContain(state)
    expect(wire).toBe('v2')
    expect(Math.abs(Date.parse(created_at) - Date.now())).toBeLessThan(60_000)
    await until(gateway, id, 'delivered')
  })

  const buttons = {
    sender_btn: { action: 'LINK', data: { icon_name: 'BOX', extra_data: { a: { b: [1] } }, caption: 'بسته' } },
  }
  const grid = {
    rows: [{ buttons: [{ action: { open_direct_link: 'https://a.example/?x=1' }, icon: 'i', caption: 'c' }] }],
  }
  test.each([
    ['v1', { ...TRIPLE, message: 'سلام "\\ 👋\u2028', ...buttons }, '/messages'],
    ['v2', { conversation_id: 'c/ü?', message: 'سلام "\\ 👋\u2028', receiver_buttons: grid }, '/messages'],
    ['v2 with media', { conversation_id: 'c-1', media_token: 'm-1' }, '/messages'],
    ["v1 on the platform's path", V1, V1_PATH],
    ["v2 on the platform's path", { message: 'hello' }, v2Path('c%2F1')],
  ])('%s arrives at Divar exactly as in a synchronous send', async (_, body, path) => {
    const { received } = gateway.divar
    const start = received.length
    expect((await send(gateway, body, path)).status).toBe(200)
    const response = await post(gateway, body, ASYNC, path)
    expect(response.status).toBe(202)
    await until(gateway, idOf(response), 'delivered')
    const [direct, owed, ...others] = received.slice(start)
    expect(others).toEqual([])
    expect(untraced(owed)).toEqual(untraced(direct))
    expect(JSON.stringify(owed?.headers)).toContain(KEYS.token)
  })

  test('the outcome is logged with the id of the request that queued the message', async () => {
    const response = await post(gateway, V1, { ...ASYNC, 'x-request-id': 'req-of-the-caller' })
    const id = idOf(response)
    await until(gateway, id, 'delivered')
    // The line of the request may come after its answer, and after that of the attempt.
    const ofRequest = (all: LogLine[]) => all.filter((line) => line['request_id'] === 'req-of-the-caller')
    await gateway.loggedWhen((all) => ofRequest(all).length === 2)
    const lines = ofRequest(gateway.lines())
    expect(lines.map((line) => line['event']).sort()).toEqual(['message.delivered', 'message.queued'])
    const common = { level: 'info', caller: 'orders', wire: 'v1', message_id: id }
    for (const line of lines) expect(line).toMatchObject(common)
    expect(lines).toContainEqual(expect.objectContaining({ event: 'message.queued', status: 202 }))
    expect(lines).toContainEqual(expect.objectContaining({ attempt: 1, state: 'delivered' }))
  })

  test('a refused request stores nothing', async () => {
    const own = await startStored(kind)
    for (const [, body] of MALFORMED_BODIES) expect((await post(own, body, ASYNC)).status).toBe(400)
    const refused = [
      [{ ...V2, delivery: 'twice' }, {}, 400, 'invalid_message'],
      [{}, {}, 400, 'invalid_message'],
      [V2, { 'x-access-token': '' }, 403, 'consent_required'],
      [V2, { 'x-api-key': 'wrong' }, 401, 'api_key_refused'],
      [V2, { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
      [{ ...V2, message: 'x'.repeat(110_000) }, {}, 413, 'body_too_large'],
    ] as const
    for (const [body, headers, status, code] of refused) {
      expect(problemOf(await post(own, body, { ...ASYNC, ...headers }))).toMatchObject({ status, code })
    }
    expect(await listMessages(own)).toEqual({ messages: [], next_cursor: null })
    expect(own.divar.received).toEqual([])
  })

  test('a queued message survives a kill directly after the answer: the next start delivers it', async () => {
    const divar = await startDivar()
    const environment = await withStore(kind)
    const first = await spawnReachable(divar, environment)
    // Behind one that waits for long no attempt begins that the kill could cut off.
    divar.misbehave(answer(503, '{}', { 'retry-after': '60' }))
    const held = await queue(first, { ...V1, message: 'held' })
    await until(first, held, 'queued', hasAttempts(1))
    const id = await queue(first, { ...V1, message: 'owed' })
    first.kill('SIGKILL')
    await first.exited
    const second = await startOn(environment, divarAt(divar))
    expect((await retryOrCancel(second, held, 'retry')).status).toBe(202)
    expect(await until(second, id, 'delivered')).toMatchObject({ attempts: [{ number: 1, outcome: 'delivered' }] })
    expect(textsReceivedBy(divar)).toEqual(['held', 'held', 'owed'])
  })
})
