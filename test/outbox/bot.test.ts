import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { IN_CHAT, startBotDivar, TO_USER, type BotDivar } from '../support/bot-divar.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import type { TestGateway } from '../support/gateway.ts'
import {
  endLease,
  FAST_RETRIES,
  getMessage,
  hasAttempts,
  idOf,
  listMessages,
  post,
  queue,
  retryOrCancel,
  spawnReachable,
  startDivar,
  startOn,
  startStored,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { inFile } from '../support/stores.ts'

const CANARY = 'CANARY0912'
const LATER = { status: 503, body: '{}', headers: { 'retry-after': '60' } }
const named = (conversation: string) => ({ status: 200, body: JSON.stringify({ conversation_id: conversation }) })
const newKey = () => randomBytes(32).toString('base64')

describe.each(DATABASES)('a bot message on %s', (kind) => {
  let divar: BotDivar
  beforeEach(async () => {
    divar = await startBotDivar()
  })
  const start = (more = {}): Promise<TestGateway> =>
    startStored(kind, { ...FAST_RETRIES, ...divar.environment, ...more })

  test.each([
    ['into a conversation', IN_CHAT],
    ['to a user', TO_USER],
  ])('%s that is queued has the conversation of Divar once it is delivered', async (_, body) => {
    const gateway = await start()
    divar.answerNext({ status: 500, body: '{}' })
    const queued = await post(gateway, body, { prefer: 'respond-async' })
    expect([queued.status, Object.keys(parseJson(queued.text))]).toEqual([202, ['id', 'state']])
    const message = await until(gateway, idOf(queued), 'delivered')
    expect(message).toMatchObject({ wire: 'bot', wiped: true, conversation_id: 'b-2', attempts: [{}, {}] })
    expect((await listMessages(gateway)).messages).toEqual([message])
  })

  test('into a conversation is queued without a token', async () => {
    const gateway = await start()
    const id = await queue(gateway, IN_CHAT, { 'x-access-token': '' })
    await until(gateway, id, 'delivered')
    expect(divar.calls[0]?.headers).not.toHaveProperty('authorization')
  })

  test('to a user without a token is not queued where no grant can be', async () => {
    const refused = await post(await start(), TO_USER, { prefer: 'respond-async', 'x-access-token': '' })
    expect([refused.status, parseJson(refused.text)['code']]).toEqual([403, 'consent_required'])
    expect(divar.calls).toEqual([])
  })

  test('with an Idempotency-Key is sent once, and a repeat gets the same conversation', async () => {
    const gateway = await start()
    const key = { 'idempotency-key': 'k-1' }
    const first = await post(gateway, IN_CHAT, key)
    const again = await post(gateway, IN_CHAT, key)
    expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([200, first.text, 'true'])
    expect(parseJson(first.text)['conversation_id']).toBe('b-1')
    expect((await getMessage(gateway, idOf(first))).conversation_id).toBe('b-1')
    const onPath = await post(
      gateway,
      { message: 'سلام' },
      key,
      '/v1/open-platform/chat/bot/conversations/c-1/messages',
    )
    expect(onPath.text).toBe(first.text)
    expect((await post(gateway, TO_USER, key)).status).toBe(422)
    expect(divar.calls).toHaveLength(1)
  })

  test('waits for the one before it to the same conversation, or to the same user, and for no other', async () => {
    const gateway = await start()
    divar.answerNext(LATER)
    const first = await queue(gateway, IN_CHAT)
    await until(gateway, first, 'queued', hasAttempts(1))
    const behind = await queue(gateway, { ...IN_CHAT, text_message: 'behind' })
    // The same id as a user, and as a conversation of v2, is another line.
    await until(gateway, await queue(gateway, { bot: { user_id: 'c-1' }, message: 'user' }), 'delivered')
    divar.answerNext(LATER)
    const ofUser = await queue(gateway, TO_USER)
    await until(gateway, ofUser, 'queued', hasAttempts(1))
    const behindUser = await queue(gateway, { ...TO_USER, text_message: 'behind user' })
    expect(await getMessage(gateway, behindUser)).toMatchObject({ next_attempt_at: null, attempts: [] })
    expect(await getMessage(gateway, behind)).toMatchObject({ next_attempt_at: null, attempts: [] })
    for (const id of [first, ofUser]) expect((await retryOrCancel(gateway, id, 'retry')).status).toBe(202)
    for (const id of [behind, behindUser]) await until(gateway, id, 'delivered')
    const texts = divar.texts()
    expect(texts.indexOf('behind')).toBeGreaterThan(texts.indexOf('user'))
    expect(texts.filter((text) => text === 'سلام')).toHaveLength(4)
  })

  test('is held by a rate limit of Divar, which a send on any wire may meet', async () => {
    const gateway = await start()
    divar.answerNext({ status: 429, body: '{}', headers: { 'retry-after': '3600' } })
    expect((await post(gateway, IN_CHAT)).status).toBe(429)
    await gateway.logged('outbox.paused')
    const id = await queue(gateway, IN_CHAT)
    expect(await getMessage(gateway, id)).toMatchObject({ state: 'queued', attempts: [] })
    expect(divar.calls).toHaveLength(1)
  })

  test('that is cancelled is wiped and never sent', async () => {
    const gateway = await start()
    divar.answerNext(LATER)
    const id = await queue(gateway, IN_CHAT)
    await until(gateway, id, 'queued', hasAttempts(1))
    expect((await retryOrCancel(gateway, id, 'cancel')).status).toBe(200)
    expect(await getMessage(gateway, id)).toMatchObject({ state: 'cancelled', wiped: true })
  })

  test('has its conversation sealed at rest, and sealed again under the next key', async () => {
    const [older, newer] = [newKey(), newKey()]
    const store = await withStore(kind, { ...divar.environment, ...FAST_RETRIES })
    const url = String(store['DATABASE_URL'])
    const first = await startOn(store, { TOKEN_ENCRYPTION_KEY: older })
    divar.answerNext(named(`${CANARY}-conversation`))
    const id = await queue(first, { bot: { conversation_id: CANARY }, text_message: CANARY })
    await until(first, id, 'delivered')
    await first.stop()
    const second = await startOn(store, { TOKEN_ENCRYPTION_KEY: `${newer},${older}` })
    expect(await second.logged('store.resealed')).toMatchObject({ rows: 1, left: 0 })
    await second.stop()
    const third = await startOn(store, { TOKEN_ENCRYPTION_KEY: newer })
    expect((await getMessage(third, id)).conversation_id).toBe(`${CANARY}-conversation`)
    await third.stop()
    const statement = 'select * from message'
    const rows =
      kind === 'postgres' ? await query(url, statement) : inFile(url, (file) => file.prepare(statement).all())
    expect(rows).toHaveLength(1)
    expect(rows.map((row) => describeRow(row)).join()).not.toContain(CANARY)
    for (const { output } of [first, second, third]) expect(output()).not.toContain(CANARY)
  })

  test('whose answer was altered in the store is shown without it', async () => {
    const store = await withStore(kind, { ...divar.environment })
    const url = String(store['DATABASE_URL'])
    const first = await startOn(store)
    const [one, other] = [await queue(first, IN_CHAT), await queue(first, TO_USER)]
    for (const id of [one, other]) await until(first, id, 'delivered')
    await first.stop()
    const statement = `update message set answer = (select answer from message where id = '${other}') where id = '${one}'`
    await (kind === 'postgres' ? query(url, statement) : inFile(url, (file) => file.exec(statement)))
    const second = await startOn(store)
    expect(await getMessage(second, one)).not.toHaveProperty('conversation_id')
    expect(await second.logged('store.sealed_row_unreadable')).toMatchObject({ message_id: one })
    expect(await getMessage(second, other)).toHaveProperty('conversation_id')
  })

  test('whose gateway dies before the outcome is committed is unknown, has no conversation, and is not sent again', async () => {
    const store = await withStore(kind, { ...FAST_RETRIES })
    const gateway = await spawnReachable(await startDivar(), { ...store, ...divar.environment })
    divar.answerNext('silence')
    const id = await queue(gateway, IN_CHAT)
    await divar.called(1)
    gateway.kill('SIGKILL')
    await gateway.exited
    if (kind === 'postgres') await endLease(store)
    const next = await startOn(store, divar.environment)
    expect(await until(next, id, 'unknown')).not.toHaveProperty('conversation_id')
    await until(next, await queue(next, { ...IN_CHAT, text_message: 'next' }), 'delivered')
    expect(divar.texts()).toEqual(['سلام', 'next'])
  })

  test('leaves no text, token or id in the log, in any outcome', async () => {
    const gateway = await start({ LOG_LEVEL: 'debug' })
    const grid = {
      rows: [{ buttons: [{ action: { open_server_link: { data: { [CANARY]: CANARY } } }, caption: CANARY }] }],
    }
    const bodies = [{ conversation_id: `${CANARY}-c` }, { user_id: `${CANARY}-u` }].map((bot) => ({
      bot,
      text_message: CANARY,
      buttons: grid,
      [CANARY]: CANARY,
    }))
    const words = JSON.stringify({ code: 7, message: CANARY, conversation_id: CANARY })
    for (const body of bodies) {
      for (const status of [200, 401, 403, 412, 422, 504]) {
        divar.answerNext({ status, body: words }, { status, body: words })
        await post(gateway, body, { 'x-access-token': `${CANARY}-token` })
        const id = await queue(gateway, body, { 'x-access-token': `${CANARY}-token` })
        await until(gateway, id, status === 504 || status === 200 ? 'unknown' : 'rejected')
      }
      divar.answerNext(named(CANARY), named(CANARY))
      expect((await post(gateway, body, { 'idempotency-key': CANARY + Object.keys(body.bot).join('') })).status).toBe(
        200,
      )
      await until(gateway, await queue(gateway, body), 'delivered')
    }
    expect((await post(gateway, { bot: { [CANARY]: CANARY }, text_message: CANARY })).status).toBe(400)
    expect((await post(gateway, {}, {}, `/v1/open-platform/chat/bot/users/${CANARY}/messages`)).status).toBe(400)
    await gateway.stop()
    expect(gateway.lines().length).toBeGreaterThan(40)
    expect(gateway.output()).not.toContain(CANARY)
  })
})

function describeRow(row: unknown): string {
  if (typeof row !== 'object' || row === null) return ''
  return Object.values(row)
    .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
    .join()
}
