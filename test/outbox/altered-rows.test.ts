import { describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { writeSendBody } from '../../src/message/message.ts'
import { createSealer, readPayload } from '../../src/outbox/payload.ts'
import { DATABASES, withStore } from '../support/databases.ts'
import { alter } from '../support/stores.ts'
import { problemOf } from '../support/messages.ts'
import {
  answer,
  ask,
  divarAt,
  eventually,
  idOf,
  post,
  queue,
  chatMessage,
  startDivar,
  startOn,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { startWebhook } from '../support/webhook.ts'

const LATER = answer(503, '{}', { 'retry-after': '60' })
const SECRET = 'a text that only Divar may read'

describe.each(DATABASES)('a row that was altered in the store on %s', (kind) => {
  test.each([
    ["its wire is the webhook's", `wire = 'webhook'`],
    ['its wire is the other one', `wire = 'v1'`],
    ["its wire is the bot's", `wire = 'bot'`],
    ['its caller is another', `caller = 'billing'`],
    ['its conversation is another', `conversation = substr(conversation, 1, 9) || 'aaaaaaaaaaaaaaaaaaaaaaaa'`],
  ])('is not sent, fails and is counted: %s', async (_what, change) => {
    const divar = await startDivar()
    const webhook = await startWebhook()
    const store = await withStore(kind, { ...webhook.environment, ...divarAt(divar) })
    const first = await startOn(store)
    divar.misbehave(LATER)
    const id = await queue(first, chatMessage('c-1', SECRET))
    await until(first, id, 'queued', hasAttempts(1))
    await first.stop()
    await alter(String(store['DATABASE_URL']), `update message set ${change}, due_at = 0 where id = '${id}'`)

    const second = await startOn(store)
    await eventually(async () => {
      const { text } = await ask(second, '/metrics')
      return text.includes('kenar_store_rows_unopened_total 1\n') ? true : undefined
    }, 'it is counted')
    const other = await queue(second, chatMessage('c-2', 'another'))
    await until(second, other, 'delivered')
    await eventually(() => Promise.resolve(webhook.notices.find(({ data }) => data.id === other)), 'a notice')
    expect(divar.received).toHaveLength(2)
    expect(webhook.asked).toHaveLength(webhook.notices.length)
    expect(webhook.notices.map(({ text }) => text).join()).not.toContain(SECRET)
    await second.logged('store.sealed_row_unreadable')
  })

  test('a status webhook payload that was turned into a message is not sent to Divar', async () => {
    const divar = await startDivar()
    const webhook = await startWebhook(...Array.from({ length: 100 }, () => 503))
    const store = await withStore(kind, { ...webhook.environment, ...divarAt(divar) })
    const first = await startOn(store)
    const id = await queue(first, chatMessage('c-1', 'one'))
    await until(first, id, 'delivered')
    await eventually(() => Promise.resolve(webhook.asked.length > 0 ? true : undefined), 'the webhook is asked')
    await first.stop()
    await alter(String(store['DATABASE_URL']), `update message set wire = 'v2', due_at = 0 where wire = 'webhook'`)
    const second = await startOn(store)
    await eventually(async () => {
      const { text } = await ask(second, '/metrics')
      return text.includes('kenar_store_rows_unopened_total 1\n') ? true : undefined
    }, 'it is counted')
    expect(divar.received).toHaveLength(1)
  })

  test('a stored message that was moved to the place of a reply is not given out', async () => {
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    const first = await startOn(store)
    divar.misbehave(LATER)
    const key = { prefer: 'respond-async', 'idempotency-key': 'k-1' }
    const id = idOf(await post(first, chatMessage('c-1', SECRET), key))
    await until(first, id, 'queued', hasAttempts(1))
    await first.stop()
    const body = `(select body from message where id = '${id}')`
    await alter(String(store['DATABASE_URL']), `update idempotency set reply = ${body} where message_id = '${id}'`)
    const repeat = await post(await startOn(store), chatMessage('c-1', SECRET), key)
    expect(problemOf(repeat)).toMatchObject({ code: 'stored_unreadable' })
    expect(repeat.text).not.toContain(SECRET)
  })
})

test('a message that the previous version sealed, without caller and kind, still opens', () => {
  const sealer = createSealer(createKeyring([Buffer.alloc(32, 7)]))
  const text = JSON.stringify({ body: chatMessage('c-1', 'one'), token: 'a token' })
  const { message } = readPayload(text)
  const [conversation] = sealer.conversations(message)
  const row = { id: 'msg_1', caller: 'orders', wire: 'v2' as const, conversation }
  expect(sealer.openFor(row, sealer.seal('body', 'msg_1', text))).toBe(text)
})

describe('a message that an earlier version accepted with control characters', () => {
  const button = { action: { open_post_page: { post_token: 'po\nst' } }, caption: 'the post' }
  test.each([
    ['in the ids of v1', 'v1' as const, { user_id: 'u\n', post_token: 'p\n', peer_id: 'p\u0085', message: 'one' }],
    ['in a media token', 'v2' as const, { conversation_id: 'c-1', message: '', media_token: 'm\t1' }],
    [
      'in a post token',
      'v2' as const,
      { conversation_id: 'c-1', message: 'one', sender_buttons: { rows: [{ buttons: [button] }] } },
    ],
  ])('still opens and is sent as accepted: %s', (_where, wire, body) => {
    const sealer = createSealer(createKeyring([Buffer.alloc(32, 7)]))
    const text = JSON.stringify({ body, token: 'a token', caller: 'orders', kind: 'message' })
    const { message } = readPayload(text)
    expect(writeSendBody(message)).toMatchObject(body)
    const [conversation] = sealer.conversations(message)
    const row = { id: 'msg_1', caller: 'orders', wire, conversation }
    expect(sealer.openFor(row, sealer.seal('body', 'msg_1', text))).toBe(text)
  })
})
