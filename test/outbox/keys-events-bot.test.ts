import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { startBotDivar } from '../support/bot-divar.ts'
import { DATABASES, withStore } from '../support/databases.ts'
import { messageIdOf, newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { getMessage, hasAttempts, queue, retryOrCancel, startOn, until } from '../support/outbox.ts'
import { alter } from '../support/stores.ts'

const LATER = { status: 503, body: '{}', headers: { 'retry-after': '60' } }
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9'
const newKey = () => randomBytes(32).toString('base64')

describe.each(DATABASES)('while TOKEN_ENCRYPTION_KEY is rotated on %s', (kind) => {
  test('waiting events and bot messages are kept, in order, and a repeated event is recognized', async () => {
    const [older, newer] = [newKey(), newKey()]
    const [divar, receiver] = [await startBotDivar(), await startEventReceiver()]
    const store = await withStore(kind, { ...divar.environment, ...receiver.environment })
    const url = String(store['DATABASE_URL'])
    const start = (keys: string, more = {}) => startOn(store, { TOKEN_ENCRYPTION_KEY: keys, ...more })
    const bot = (text: string) => ({ bot: { conversation_id: 'b' }, text_message: text })

    const first = await start(older, { EVENTS_URL: NOWHERE })
    const answered = await queue(first, bot('answered'))
    await until(first, answered, 'delivered')
    divar.answerNext(LATER)
    const held = await queue(first, bot('held'))
    await until(first, held, 'queued', hasAttempts(1))
    const behind = await queue(first, bot('behind'))
    for (const id of ['m-1', 'm-2']) await sendEvent(first, newMessageEvent('c', id)).expect(200)
    await first.logged('event.not_sent')
    await first.stop()

    const second = await start(`${newer},${older}`, { EVENTS_URL: NOWHERE, RETRY_FIRST_MS: '600000' })
    // Two bodies of each kind, and Divar's answer to the first bot message.
    expect(await second.logged('store.resealed')).toMatchObject({ rows: 5 })
    expect((await getMessage(second, answered)).conversation_id).toBe('b-1')
    const last = await queue(second, bot('last'))
    for (const id of ['m-1', 'm-3', 'm-2']) await sendEvent(second, newMessageEvent('c', id)).expect(200)
    expect(second.lines().filter(({ event }) => event === 'event.seen')).toHaveLength(2)
    await second.stop()
    await alter(url, "update message set due_at = 0 where wire = 'event' and due_at is not null")

    const third = await start(`${newer},${older}`)
    expect((await retryOrCancel(third, held, 'retry')).status).toBe(202)
    for (const id of [held, behind, last]) await until(third, id, 'delivered')
    expect(divar.calls.map(({ json }) => json['text_message'])).toEqual(['answered', 'held', 'held', 'behind', 'last'])
    const passed = await receiver.received(3)
    expect(passed.map(({ event }) => messageIdOf(event))).toEqual(['m-1', 'm-2', 'm-3'])
    await third.loggedWhen((all) => all.filter(({ event }) => event === 'event.delivered').length === 3)
    await third.stop()

    // Events are recognized for a day; until then the former key stays.
    await expect(start(newer)).rejects.toThrow(/a key that stored rows still need is missing/)
    await alter(url, 'delete from idempotency')
    const fourth = await start(newer)
    expect((await getMessage(fourth, answered)).conversation_id).toBe('b-1')
  })

  test('an event that was refused under the former key can be passed on again', async () => {
    const [older, newer] = [newKey(), newKey()]
    const codes = [422]
    const receiver = await startEventReceiver(() => codes.shift() ?? 204)
    const store = await withStore(kind, {
      ...receiver.environment,
      CALLER_PERMISSIONS: 'orders=operate',
    })
    const first = await startOn(store, { TOKEN_ENCRYPTION_KEY: older })
    await sendEvent(first, newMessageEvent('c', 'm-1')).expect(200)
    const id = String((await first.logged('event.rejected'))['event_id'])
    await first.stop()

    const second = await startOn(store, { TOKEN_ENCRYPTION_KEY: `${newer},${older}` })
    await second.logged('store.resealed')
    expect((await retryOrCancel(second, id, 'retry')).status).toBe(202)
    expect((await receiver.received(1)).map(({ webhookId }) => webhookId)).toEqual([id])
    await sendEvent(second, newMessageEvent('c', 'm-1')).expect(200)
    await second.logged('event.seen')
    expect(receiver.events).toHaveLength(1)
  })
})
