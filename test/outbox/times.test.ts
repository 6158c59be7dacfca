import { beforeAll, describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { pointersOf } from '../support/messages.ts'
import {
  answer,
  ask,
  chatMessage,
  eventually,
  FAST_RETRIES,
  getMessage,
  listMessages,
  post,
  queue,
  retryOrCancel,
  textsReceivedBy,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { startWebhook, type TestWebhook } from '../support/webhook.ts'

const QUEUED = { prefer: 'respond-async' }
const HOUR_MS = 3_600_000
/** A time this far from now, in milliseconds. */
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()

describe.each(DATABASES)('a message with a time on %s', (kind) => {
  let webhook: TestWebhook
  let gateway: TestGateway
  beforeAll(async () => {
    webhook = await startWebhook()
    gateway = await startTestGateway(await withStore(kind, { ...FAST_RETRIES, ...webhook.environment }))
  })

  test('is delivered at its time, after a later one of its conversation, and its times are not sent on', async () => {
    const notBefore = inMs(1500)
    const body = { ...chatMessage('c-timed', 'timed'), not_before: notBefore, expires_at: inMs(HOUR_MS) }
    const timed = await queue(gateway, body)
    const next = await queue(gateway, chatMessage('c-timed', 'next'))
    await until(gateway, next, 'delivered')
    const waiting = await getMessage(gateway, timed)
    expect(waiting).toMatchObject({ state: 'queued', not_before: notBefore, next_attempt_at: notBefore, attempts: [] })
    const { attempts } = await until(gateway, timed, 'delivered')
    expect(Date.parse(attempts[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(notBefore))
    expect(textsReceivedBy(gateway.divar).filter((text) => text === 'timed' || text === 'next')).toEqual([
      'next',
      'timed',
    ])
    const sent = gateway.divar.received.map((one) => parseJson(one.body)).find(({ message }) => message === 'timed')
    expect(Object.keys(sent ?? {})).not.toEqual(expect.arrayContaining(['not_before']))
    expect(Object.keys(sent ?? {})).not.toEqual(expect.arrayContaining(['expires_at']))
  })

  test('that waits is listed as queued, can be cancelled, and cannot be retried before its time', async () => {
    const id = await queue(gateway, { ...chatMessage('c-cancel', 'x'), not_before: inMs(HOUR_MS) })
    const { messages } = await listMessages(gateway, '?state=queued')
    expect(messages.map((message) => message.id)).toContain(id)
    const refused = await retryOrCancel(gateway, id, 'retry')
    expect([refused.status, parseJson(refused.text)]).toMatchObject([
      409,
      { code: 'wrong_state', detail: 'This message waits for its not_before.' },
    ])
    expect((await retryOrCancel(gateway, id, 'cancel')).status).toBe(200)
    expect(await getMessage(gateway, id)).toMatchObject({ state: 'cancelled', wiped: true })
  })

  test('that expires between two attempts ends as expired, which the status webhook tells, and can be retried', async () => {
    const expiresAt = inMs(6000)
    gateway.divar.misbehave(answer(503, '{}', { 'retry-after': '30' }))
    const id = await queue(gateway, { ...chatMessage('c-expires', 'late'), expires_at: expiresAt })
    const expired = await until(gateway, id, 'expired')
    expect(expired).toMatchObject({ expires_at: expiresAt, wiped: false, attempts: [{ outcome: 'platform_error' }] })
    expect(Date.parse(expired.finished_at ?? '')).toBeGreaterThanOrEqual(Date.parse(expiresAt))
    const notice = await eventually(
      () => Promise.resolve(webhook.notices.find(({ data }) => data.id === id)),
      'a notice of the end',
    )
    expect(notice).toMatchObject({ type: 'message.expired', data: { state: 'expired', attempts: 1 } })
    expect((await listMessages(gateway, '?state=expired')).messages.map((message) => message.id)).toEqual([id])
    expect(await gateway.logged('message.expired')).toMatchObject({
      message_id: id,
      caller: 'orders',
      state: 'expired',
    })
    const { text: metrics } = await ask(gateway, '/metrics')
    expect(metrics).toContain('kenar_outbox_ended_total{wire="v2",state="expired"} 1')

    expect((await retryOrCancel(gateway, id, 'retry')).status).toBe(202)
    expect(await until(gateway, id, 'delivered')).not.toHaveProperty('expires_at')
  })

  test('is the same request under its key for the same moment, in any notation, and another for another', async () => {
    const body = chatMessage('c-key', 'keyed')
    const keyed = { ...QUEUED, 'idempotency-key': 'timed-1' }
    const first = await post(gateway, { ...body, not_before: '2030-01-01T00:00:00Z' }, keyed)
    expect(first.status).toBe(400)
    const at = new Date(Date.now() + HOUR_MS)
    const inTehran = new Date(at.getTime() + 3.5 * HOUR_MS).toISOString().replace('Z', '+03:30')
    const id = await queue(gateway, { ...body, not_before: at.toISOString() }, keyed)
    expect(await queue(gateway, { ...body, not_before: inTehran }, keyed)).toBe(id)
    expect((await post(gateway, { ...body, not_before: inMs(2 * HOUR_MS) }, keyed)).status).toBe(422)
    expect((await post(gateway, body, keyed)).status).toBe(422)
  })
})

describe('a time in a message', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore('sqlite'))
  })
  const V2 = chatMessage('c-1', 'x')
  const DAY_MS = 24 * HOUR_MS

  const wrong: [string, Record<string, () => unknown>, string][] = [
    ['not_before over 30 days ahead', { not_before: () => inMs(30 * DAY_MS + HOUR_MS) }, '/not_before'],
    ['not_before without an offset', { not_before: () => '2026-12-01T08:00:00' }, '/not_before'],
    ['not_before on no day of the calendar', { not_before: () => '2027-02-30T08:00:00Z' }, '/not_before'],
    ['not_before as a number', { not_before: () => 1_764_000_000 }, '/not_before'],
    ['expires_at in the past', { expires_at: () => inMs(-1000) }, '/expires_at'],
    [
      'expires_at before not_before',
      { not_before: () => inMs(DAY_MS), expires_at: () => inMs(HOUR_MS) },
      '/expires_at',
    ],
  ]
  test.each(wrong)('is refused: %s', async (_, times, pointer) => {
    const given = Object.fromEntries(Object.entries(times).map(([name, make]) => [name, make()]))
    for (const path of ['/messages', '/messages/check']) {
      const response = await post(gateway, { ...V2, ...given }, QUEUED, path)
      expect([response.status, pointersOf(response)]).toEqual([400, [pointer]])
    }
  })

  test.each(['not_before', 'expires_at'])('%s is refused where the message is not queued', async (member) => {
    for (const path of ['/messages', '/messages/check']) {
      const response = await post(gateway, { ...V2, [member]: inMs(HOUR_MS) }, {}, path)
      expect([response.status, pointersOf(response)]).toEqual([400, [`/${member}`]])
    }
    expect(gateway.divar.received).toEqual([])
  })

  test('is no ignored member, and null is none', async () => {
    const given = { not_before: inMs(HOUR_MS), expires_at: inMs(2 * HOUR_MS) }
    const checked = await post(gateway, { ...V2, ...given }, QUEUED, '/messages/check')
    expect([checked.status, parseJson(checked.text)]).toEqual([200, { ignored: [] }])
    const sent = await post(gateway, { ...V2, not_before: null, expires_at: null })
    expect(sent.status).toBe(200)
    const misspelled = await post(gateway, { ...V2, not_befor: inMs(HOUR_MS) }, QUEUED, '/messages/check')
    expect(parseJson(misspelled.text)).toMatchObject({ did_you_mean: { '/not_befor': 'not_before' } })
  })
})
