import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { messageIdOf, newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { problemOf } from '../support/messages.ts'
import { metricsOf } from '../support/metrics.ts'
import { ask, eventually, FAST_RETRIES, ONE_TRY, retryOrCancel, startOn, startStored } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { startService } from '../support/resolvers.ts'
import { alter, rowsOf } from '../support/stores.ts'

const CANARY = 'CANARY0912'
const DAY_MS = 24 * 60 * 60 * 1000
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9'

/** A service that fails for longer than an event is tried, as long as `isDown`. */
async function startFailing() {
  const service = { isDown: true, url: '' }
  service.url = await startService((request, response) => {
    const answer = () => (service.isDown ? response.writeHead(503, { 'retry-after': '3600' }) : response).end()
    request.resume().on('end', answer)
  })
  return service
}

describe.each(DATABASES)('an event on %s', (kind) => {
  test('is sealed while it waits: nothing of it is in the store as it came', async () => {
    const receiver = await startEventReceiver()
    const store = await withStore(kind, receiver.environment)
    const gateway = await startOn(store, { EVENTS_URL: NOWHERE })
    const more = { text: CANARY, sender: { name: CANARY } }
    const event = { ...newMessageEvent(`${CANARY}-c`, `${CANARY}-m`, more), metadata: { note: CANARY } }
    await sendEvent(gateway, event).expect(200)
    await gateway.logged('event.not_sent')
    await gateway.stop()
    const url = String(store['DATABASE_URL'])
    const rows = [...(await rowsOf(url, 'select * from message')), ...(await rowsOf(url, 'select * from idempotency'))]
    expect(rows.length).toBeGreaterThan(1)
    expect(rows[0]?.['body']).not.toBeNull()
    const values = rows.flatMap((row) => Object.values(row))
    const texts = values.map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
    expect(texts.join('\n')).not.toContain(CANARY)
  })

  test('that is not accepted in its time is failed, and can be passed on again until it is wiped a day later', async () => {
    const { environment } = await startEventReceiver()
    const service = await startFailing()
    const access = { CALLER_PERMISSIONS: 'orders=operate', DELETE_AFTER_START_MS: '0' }
    const store = await withStore(kind, { ...environment, ...ONE_TRY, ...access, EVENTS_URL: service.url })
    const first = await startOn(store)
    for (const id of ['m-1', 'm-2']) await sendEvent(first, newMessageEvent(id, id)).expect(200)
    const failed = () => first.lines().filter(({ state }) => state === 'failed')
    await first.loggedWhen(() => failed().length === 2)
    expect(failed()).toMatchObject([{ level: 'error', divar_status: 503 }, { level: 'error' }])
    const [id = '', other = ''] = failed().map(({ event_id }) => String(event_id))
    expect(parseJson((await ask(first, `/messages/${id}`)).text)).toMatchObject({ state: 'failed', wiped: false })

    service.isDown = false
    expect((await retryOrCancel(first, id, 'retry')).status).toBe(202)
    expect(await first.logged('event.delivered')).toMatchObject({ event_id: id })
    await first.stop()
    const url = String(store['DATABASE_URL'])
    const [row] = await rowsOf(url, `select wipe_at - finished_at as ms from message where id = '${other}'`)
    expect(Number(row?.['ms'])).toBe(DAY_MS)
    await alter(url, 'update message set wipe_at = 0 where wipe_at is not null')

    const second = await startOn(store)
    const isWiped = async () => parseJson((await ask(second, `/messages/${other}`)).text)['wiped'] === true || undefined
    await eventually(isWiped, 'it is wiped')
    expect(problemOf(await retryOrCancel(second, other, 'retry'))).toMatchObject({ status: 409, code: 'content_wiped' })
  })

  test('that a receiver may have got comes again, under the same id', async () => {
    const asked: unknown[] = []
    const url = await startService((request, response) => {
      request.resume().on('end', () => {
        asked.push(request.headers['webhook-id'])
        // The connection breaks after the event was read; then in the middle of the answer.
        if (asked.length === 1) request.socket.destroy()
        else if (asked.length === 2)
          response.writeHead(200, { 'content-length': 10 }).write('{', () => request.socket.destroy())
        else response.end()
      })
    })
    const { environment } = await startEventReceiver()
    const gateway = await startStored(kind, { ...FAST_RETRIES, ...environment, EVENTS_URL: url })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    const { event_id: id } = await gateway.logged('event.delivered')
    expect(new Set(asked)).toEqual(new Set([id]))
    expect(asked.length).toBeGreaterThan(1)
  })

  test('that comes again after a day is taken for a new one', async () => {
    const receiver = await startEventReceiver()
    const store = await withStore(kind, receiver.environment)
    const first = await startOn(store)
    await sendEvent(first, newMessageEvent('c-1', 'm-1')).expect(200)
    await receiver.received(1)
    await first.stop()
    const url = String(store['DATABASE_URL'])
    const [kept] = await rowsOf(
      url,
      'select expires_at - created_at as ms from idempotency join message on id = message_id',
    )
    // The two times were read one after the other.
    expect(Math.abs(Number(kept?.['ms']) - DAY_MS)).toBeLessThan(60_000)
    await alter(url, `update idempotency set expires_at = expires_at - ${2 * DAY_MS}`)
    const second = await startOn(store)
    await sendEvent(second, newMessageEvent('c-1', 'm-1')).expect(200)
    const passed = await receiver.received(2)
    expect(new Set(passed.map(({ webhookId }) => webhookId)).size).toBe(2)
  })

  test('without a conversation waits for no other one', async () => {
    const receiver = await startEventReceiver((event) => (JSON.stringify(event).includes('refused') ? 503 : 204))
    const gateway = await startStored(kind, { ...FAST_RETRIES, ...receiver.environment })
    const update = (token: string) => ({ type: 'POST_UPDATE', post_update: { type: 'RETIRE', post: { token } } })
    await sendEvent(gateway, update('refused')).expect(200)
    await gateway.logged('event.platform_error')
    for (const token of ['a', 'b']) await sendEvent(gateway, update(token)).expect(200)
    const passed = await receiver.received(2)
    expect(passed.map(({ event }) => JSON.stringify(event['post_update'])).toSorted()).toEqual(
      ['a', 'b'].map((token) => `{"type":"RETIRE","post":{"token":"${token}"}}`),
    )
  })

  test.each([
    ["its wire is the webhook's", "wire = 'webhook'"],
    ["its wire is a message's", "wire = 'v2'"],
    ['its caller is another', "caller = 'orders'"],
    ['its conversation is another', "conversation = substr(conversation, 1, 9) || 'aaaaaaaaaaaaaaaaaaaaaaaa'"],
    ['it has the content of another', "body = (select body from message where id <> '<id>')"],
  ])('that was altered in the store reaches nobody, and is counted: %s', async (_, change) => {
    const receiver = await startEventReceiver()
    const webhook = await startEventReceiver()
    const store = await withStore(kind, {
      ...receiver.environment,
      STATUS_WEBHOOK_URL: webhook.environment['EVENTS_URL'],
      STATUS_WEBHOOK_SECRET: webhook.secret,
    })
    const first = await startOn(store, { EVENTS_URL: NOWHERE })
    for (const id of ['m-1', 'm-2']) await sendEvent(first, newMessageEvent(id, id)).expect(200)
    const tried = () => first.lines().filter(({ event }) => event === 'event.not_sent')
    await first.loggedWhen(() => new Set(tried().map(({ event_id }) => event_id)).size === 2)
    await first.stop()
    const url = String(store['DATABASE_URL'])
    const [row] = await rowsOf(url, 'select id from message order by seq limit 1')
    const id = String(row?.['id'])
    await alter(url, 'update message set due_at = 0')
    await alter(url, `update message set ${change.replace('<id>', id)} where id = '${id}'`)

    const second = await startOn(store)
    await second.logged('store.sealed_row_unreadable')
    const passed = await receiver.received(1)
    expect(passed.map(({ event }) => messageIdOf(event))).toEqual(['m-2'])
    expect(await metricsOf(second)).toContain('kenar_store_rows_unopened_total 1\n')
    expect(second.divar.received).toEqual([])
    // A row that now claims to be a message may get a notice of its end: with its id, and nothing of its content.
    expect(webhook.events.map(({ text }) => text).join()).not.toContain('m-1')
  })
})
