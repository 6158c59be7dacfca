import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { clickMenu, completeFlow, messageTo, sendWithoutToken, startConsentGateway } from '../support/consent.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import type { DatabaseKind } from '../../src/store/store.ts'
import { KEYS } from '../support/gateway.ts'
import {
  answer,
  BILLING,
  chatMessage,
  eventually,
  idOf,
  ONE_TRY,
  post,
  queue,
  retryOrCancel,
  startOn,
  TWO_CALLERS,
  until,
  type Reachable,
} from '../support/outbox.ts'
import { startWebhook } from '../support/webhook.ts'

const ACCESS = { INTERNAL_API_KEYS: TWO_CALLERS, CALLER_PERMISSIONS: 'orders=send,consents;billing=operate' }

const page = z.object({
  entries: z.array(
    z.object({
      at: z.string(),
      kind: z.string(),
      result: z.string(),
      id: z.string().nullable(),
      state: z.string().nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
})

async function timeline({ internalUrl }: Reachable, body: object) {
  const response = await supertest(internalUrl).post('/timeline').set('x-api-key', BILLING).send(body)
  expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 })
  return { ...page.parse(JSON.parse(response.text)), text: response.text }
}

/** Everything that the database holds: the file of SQLite with its log, or each row of each table of PostgreSQL. */
async function wholeDatabase(kind: DatabaseKind, url: string): Promise<string> {
  if (kind === 'sqlite') {
    const path = fileURLToPath(url)
    const files = await Promise.all([path, `${path}-wal`].map((file) => readFile(file, 'latin1')))
    return files.join('\n')
  }
  const tables = await query(
    url,
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  )
  const rows = await Promise.all(tables.map(({ name }) => query(url, `select one::text from "${String(name)}" one`)))
  return JSON.stringify(rows)
}

describe.each(DATABASES)('on %s', (kind) => {
  test('a conversation with a click, a consent, messages that failed and were retried, and an event is told in order, with nothing personal', async () => {
    const receiver = await startEventReceiver()
    const webhook = await startWebhook()
    const store = await withStore(kind, { ...ACCESS, ...ONE_TRY, ...receiver.environment, ...webhook.environment })
    const gateway = await startConsentGateway({ scopes: ['chat'], on: kind }, store)
    const { conversationId } = gateway.divar.world
    const landing = await clickMenu(gateway)
    await completeFlow(landing)
    const send = (text: string, headers = {}) => sendWithoutToken(gateway, messageTo(gateway.divar, text), { headers })
    const queued = async (text: string) => idOf(await send(text, { prefer: 'respond-async' }))
    const first = await queued('first-canary')
    await until(gateway, first, 'delivered')
    gateway.divar.misbehave(answer(503, '{}', { 'retry-after': '86400' }))
    const failed = await queued('second-canary')
    await until(gateway, failed, 'failed')
    const third = await queued('third-canary')
    await until(gateway, third, 'delivered')
    expect((await retryOrCancel(gateway, failed, 'retry')).status).toBe(202)
    await until(gateway, failed, 'delivered')
    await sendEvent(
      gateway,
      newMessageEvent(conversationId, 'm-canary', { sender: { side: 'SELLER', type: 'BOT' } }),
    ).expect(200)
    await gateway.logged('event.delivered')

    const whole = await eventually(async () => {
      const told = await timeline(gateway, { conversation_id: conversationId, limit: 200 })
      return told.entries.some(({ kind: one, id }) => one === 'attempt' && id?.startsWith('dve_')) ? told : undefined
    }, 'the event in the timeline')
    const shown = whole.entries.toReversed().filter(({ id }) => !id?.startsWith('evt_'))
    expect(shown.map(({ kind: one, result }) => `${one} ${result}`)).toEqual([
      'click consent_asked',
      'consent started',
      'consent granted',
      'send queued',
      'attempt delivered',
      'send queued',
      'attempt platform_error',
      'send queued',
      'attempt delivered',
      'attempt delivered',
      'event stored',
      'attempt delivered',
    ])
    const messages = shown.filter(({ id }) => id?.startsWith('msg_'))
    expect(messages.map(({ id }) => id)).toEqual([first, first, failed, failed, third, third, failed])
    expect(whole.entries.filter(({ kind: one }) => one === 'notice').map(({ result }) => result)).toEqual(
      expect.arrayContaining(['failed', 'delivered']),
    )
    const canaries = [
      'canary',
      conversationId,
      KEYS.token,
      ...Object.values(gateway.divar.world.people).map(({ v2Id }) => v2Id),
    ]
    const kept = await wholeDatabase(kind, String(store['DATABASE_URL']))
    expect(kept.includes(failed)).toBe(true)
    for (const canary of canaries) {
      expect([whole.text, kept].some((one) => one.includes(canary))).toBe(false)
      expect(kept.includes(Buffer.from(canary).toString('hex'))).toBe(false)
    }
  })

  test.each(['by its id', 'in bulk'])(
    'the notice of a message cancelled %s is in the timeline of its conversation',
    async (how) => {
      const webhook = await startWebhook()
      const gateway = await startOn(await withStore(kind, { ...ACCESS, ...webhook.environment }))
      gateway.divar.misbehave(answer(429, '{}', { 'retry-after': '600' }))
      const cancelled = await queue(gateway, chatMessage('c-1', 'x'))
      await gateway.logged('message.rate_limited')
      const answered =
        how === 'in bulk'
          ? await supertest(gateway.internalUrl)
              .post('/messages/cancel')
              .set('x-api-key', KEYS.caller)
              .send({ state: 'queued' })
          : await retryOrCancel(gateway, cancelled, 'cancel')
      expect(answered.status).toBe(200)
      const notice = await eventually(async () => {
        const { entries } = await timeline(gateway, { conversation_id: 'c-1' })
        return entries.find(({ kind: one }) => one === 'notice')
      }, 'the notice')
      expect(notice).toMatchObject({ result: 'cancelled', id: expect.stringMatching(/^evt_/) })
    },
  )

  test('pages have every entry once, and only callers that may operate get them', async () => {
    const gateway = await startOn(await withStore(kind, ACCESS))
    for (const text of ['1', '2', '3']) await post(gateway, { conversation_id: 'c-1', message: text })
    const all = await eventually(async () => {
      const told = await timeline(gateway, { conversation_id: 'c-1' })
      return told.entries.length === 3 ? told.entries : undefined
    }, 'three entries')
    const paged = []
    let cursor: string | null | undefined
    do {
      const told = await timeline(gateway, {
        conversation_id: 'c-1',
        limit: 1,
        ...(typeof cursor === 'string' && { cursor }),
      })
      paged.push(...told.entries)
      cursor = told.next_cursor
    } while (cursor !== null)
    expect(paged).toEqual(all)
    const refused = await supertest(gateway.internalUrl).post('/timeline').set('x-api-key', KEYS.caller).send({})
    expect(refused.status).toBe(403)
    const other = await timeline(gateway, { conversation_id: 'c-2' })
    expect(other.entries).toEqual([])
  })
})
