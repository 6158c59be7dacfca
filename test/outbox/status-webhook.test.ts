import { beforeAll, describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { TRIPLE } from '../support/messages.ts'
import {
  answer,
  eventually,
  FAST_RETRIES,
  ONE_TRY,
  idOf,
  listMessages,
  post,
  queue,
  chatMessage,
  startStored,
  retryOrCancel,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { startWebhook, type Notice, type TestWebhook } from '../support/webhook.ts'

const LATER = answer(503, '{}', { 'retry-after': '30' })
const TOO_LATE = answer(503, '{}', { 'retry-after': '86400' })

/** Waits for this many status webhooks of one message. */
function noticesOf({ notices }: TestWebhook, id: string, count: number): Promise<Notice[]> {
  return eventually(() => {
    const found = notices.filter(({ data }) => data.id === id)
    return Promise.resolve(found.length >= count ? found : undefined)
  }, `${count} notices of ${id}`)
}

describe.each(DATABASES)('STATUS_WEBHOOK_URL on %s', (kind) => {
  let webhook: TestWebhook
  let gateway: TestGateway
  beforeAll(async () => {
    webhook = await startWebhook()
    gateway = await startTestGateway(await withStore(kind, { ...FAST_RETRIES, ...ONE_TRY, ...webhook.environment }))
  })

  test.each([
    ['delivered', undefined, 'delivered', 200, null, null],
    ['rejected', answer(412, '{"code":9,"message":"words of Divar"}'), 'recipient_restricted', 412, '9', null],
    ['failed', TOO_LATE, 'platform_error', 503, null, null],
    ['unknown', { kind: 'reset' } as const, 'unknown', null, null, 'UND_ERR_SOCKET'],
  ] as const)(
    'gets one signed request when a message is %s',
    async (state, misbehaviour, outcome, status, code, reason) => {
      if (misbehaviour) gateway.divar.misbehave(misbehaviour)
      const id = await queue(gateway, { ...TRIPLE, message: 'secret text' })
      await until(gateway, id, state)
      const [notice] = await noticesOf(webhook, id, 1)
      expect(notice).toMatchObject({ type: `message.${state}`, url: '/kenar?source=chat' })
      expect(notice?.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': expect.stringMatching(/^evt_[\w-]{24}$/),
        'user-agent': expect.stringMatching(/^kenar-chat-gateway\//),
      })
      expect(notice?.data).toEqual({
        id,
        caller: 'orders',
        state,
        attempts: 1,
        last_attempt: { outcome, status, code, reason },
      })
      const told = JSON.stringify(notice)
      for (const secret of [...Object.values(TRIPLE), 'secret text', 'words of Divar', KEYS.token, webhook.secret]) {
        expect(told).not.toContain(secret)
      }
      const line = await lineOf(gateway, String(notice?.webhookId))
      expect(line).toMatchObject({
        event: 'notice.delivered',
        level: 'info',
        caller: 'orders',
        wire: 'webhook',
        attempt: 1,
      })
    },
  )

  test('gets a request for a cancelled message and for the next one', async () => {
    gateway.divar.misbehave(LATER)
    const first = await queue(gateway, chatMessage('c-1', 'held'))
    await until(gateway, first, 'queued', hasAttempts(1))
    const behind = await queue(gateway, chatMessage('c-1', 'behind'))
    expect((await retryOrCancel(gateway, first, 'cancel')).status).toBe(200)
    const [notice] = await noticesOf(webhook, first, 1)
    expect(notice).toMatchObject({
      type: 'message.cancelled',
      data: { id: first, state: 'cancelled', attempts: 1, last_attempt: null },
    })
    expect(await noticesOf(webhook, behind, 1)).toMatchObject([{ type: 'message.delivered' }])
  })

  test('gets a request for a send with an idempotency key, and none for sends that are not stored', async () => {
    const before = webhook.notices.length
    expect((await post(gateway, chatMessage('c-1', 'not stored'))).status).toBe(200)
    const id = idOf(await post(gateway, chatMessage('c-1', 'stored'), { 'idempotency-key': 'k-1' }))
    expect(await noticesOf(webhook, id, 1)).toMatchObject([{ type: 'message.delivered', data: { attempts: 1 } }])
    expect(webhook.notices).toHaveLength(before + 1)
  })

  test('gets the same request again, with the same webhook-id, until it accepts it', async () => {
    const late = await startWebhook(500, 404, 302, 429)
    const own = await startStored(kind, { ...FAST_RETRIES, ...late.environment })
    const id = await queue(own, chatMessage('c-1', 'x'))
    const [notice] = await noticesOf(late, id, 1)
    expect(late.asked.map(({ status }) => status)).toEqual([500, 404, 302, 429, 204])
    expect(new Set(late.asked.map(({ webhookId }) => webhookId))).toEqual(new Set([notice?.webhookId]))
    // Its refusals are nothing of Divar's: no pause, and no other message is held up.
    await until(own, await queue(own, chatMessage('c-2', 'y')), 'delivered')
  })

  test('gets the outcomes of a retried message in order, even if it fails in between', async () => {
    const late = await startWebhook(500, 500)
    const own = await startStored(kind, { RETRY_FIRST_MS: '50', RETRY_MAX_MS: '300', ...late.environment })
    own.divar.misbehave(answer(412))
    own.divar.misbehave({ kind: 'reset' })
    const id = await queue(own, chatMessage('c-1', 'x'))
    for (const state of ['rejected', 'unknown'] as const) {
      await until(own, id, state)
      expect((await retryOrCancel(own, id, 'retry')).status).toBe(202)
    }
    await until(own, id, 'delivered')
    const notices = await noticesOf(late, id, 3)
    expect(notices.map(({ data }) => [data.state, data.attempts])).toEqual([
      ['rejected', 1],
      ['unknown', 2],
      ['delivered', 3],
    ])
    expect(new Set(notices.map(({ webhookId }) => webhookId)).size).toBe(3)
  })

  test('delays no message while it is down, and gets the missed requests afterwards, also from the next gateway', async () => {
    const late = await startWebhook(...Array.from({ length: 9 }, () => 503))
    const store = await withStore(kind, { ...late.environment, RETRY_FIRST_MS: '200', RETRY_MAX_MS: '200' })
    const first = await startStored(kind, store)
    const ids = await Promise.all(['1', '2', '3'].map((text) => queue(first, chatMessage(`c-${text}`, text))))
    for (const id of ids) await until(first, id, 'delivered')
    await first.stop()
    await startStored(kind, store)
    for (const id of ids) expect(await noticesOf(late, id, 1)).toHaveLength(1)
  })

  test('is not listed among messages and not counted in a queue', async () => {
    const late = await startWebhook(...Array.from({ length: 3 }, () => 503))
    const own = await startStored(kind, { ...late.environment, QUEUE_LIMIT: '1' })
    const id = await queue(own, chatMessage('c-1', 'x'))
    await until(own, id, 'delivered')
    expect((await listMessages(own)).messages.map((message) => message.id)).toEqual([id])
    await until(own, await queue(own, chatMessage('c-1', 'y')), 'delivered')
  })
})

async function lineOf(gateway: TestGateway, noticeId: string): Promise<Record<string, unknown> | undefined> {
  const isIt = (line: Record<string, unknown>) => line['notice_id'] === noticeId
  await gateway.loggedWhen((all) => all.some(isIt))
  return gateway.lines().find(isIt)
}
