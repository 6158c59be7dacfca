import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import {
  answer,
  BILLING,
  listMessages,
  post,
  queue,
  chatMessage,
  startStored,
  retryOrCancel,
  hasAttempts,
  TWO_CALLERS,
  until,
} from '../support/outbox.ts'

const LATER = answer(503, '{}', { 'retry-after': '60' })
const ASYNC = { prefer: 'respond-async' }

describe.each(DATABASES)('QUEUE_LIMIT=3 on %s', (kind) => {
  test('the fourth queued message gets 429 queue_full, while other callers and synchronous sends are accepted, until there is room again', async () => {
    const gateway = await startStored(kind, { QUEUE_LIMIT: '3', INTERNAL_API_KEYS: TWO_CALLERS })
    gateway.divar.misbehave(LATER)
    const held = await queue(gateway, chatMessage('c-1', 'held'))
    await until(gateway, held, 'queued', hasAttempts(1))
    const ids = [await queue(gateway, chatMessage('c-1', 'one')), await queue(gateway, chatMessage('c-1', 'two'))]
    for (const body of [V1, V2]) {
      const response = await post(gateway, body, ASYNC)
      expect(problemOf(response)).toMatchObject({
        status: 429,
        code: 'queue_full',
        detail: expect.stringContaining('QUEUE_LIMIT'),
      })
      expect(response.headers).toMatchObject({
        'retry-after': '10',
        'ratelimit-policy': '"queue";q=3',
        ratelimit: '"queue";r=0;t=10',
      })
    }
    expect((await listMessages(gateway)).messages).toHaveLength(3)
    expect(gateway.divar.received).toHaveLength(1)

    const other = await queue(gateway, V2, { 'x-api-key': BILLING })
    expect((await post(gateway, V2)).status).toBe(200)
    expect((await post(gateway, V2, { 'idempotency-key': 'k-1' })).status).toBe(200)
    expect((await listMessages(gateway, '', BILLING)).messages.map(({ id }) => id)).toEqual([other])

    expect((await retryOrCancel(gateway, held, 'retry')).status).toBe(202)
    for (const id of ids) await until(gateway, id, 'delivered')
    for (const text of ['three', 'four', 'five', 'six']) {
      await until(gateway, await queue(gateway, chatMessage('c-1', text)), 'delivered')
    }
  })

  test('each finished or cancelled message makes room for one, and a retry takes a place', async () => {
    const gateway = await startStored(kind, { QUEUE_LIMIT: '3' })
    gateway.divar.misbehave(answer(412))
    const rejected = await queue(gateway, chatMessage('c-2', 'rejected'))
    await until(gateway, rejected, 'rejected')
    gateway.divar.misbehave(LATER)
    const held = await queue(gateway, chatMessage('c-1', 'held'))
    await until(gateway, held, 'queued', hasAttempts(1))
    const behind = await queue(gateway, chatMessage('c-1', 'behind'))
    await queue(gateway, chatMessage('c-1', 'behind'))
    expect((await post(gateway, chatMessage('c-1', 'x'), ASYNC)).status).toBe(429)
    expect((await retryOrCancel(gateway, behind, 'cancel')).status).toBe(200)
    await queue(gateway, chatMessage('c-1', 'behind'))
    expect((await post(gateway, chatMessage('c-1', 'x'), ASYNC)).status).toBe(429)
    // What is retried was promised long ago, so it is not refused; but its end gives back no more than it took.
    expect((await retryOrCancel(gateway, rejected, 'retry')).status).toBe(202)
    await until(gateway, rejected, 'delivered')
    expect((await post(gateway, chatMessage('c-1', 'x'), ASYNC)).status).toBe(429)
  })

  test('a repeat of an accepted request needs no room and gets the same answer', async () => {
    const gateway = await startStored(kind, { QUEUE_LIMIT: '1' })
    gateway.divar.misbehave(LATER)
    const keyed = { ...ASYNC, 'idempotency-key': 'k-1' }
    const first = await post(gateway, chatMessage('c-1', 'held'), keyed)
    expect(first.status).toBe(202)
    expect((await post(gateway, chatMessage('c-1', 'x'), ASYNC)).status).toBe(429)
    const repeated = await post(gateway, chatMessage('c-1', 'held'), keyed)
    expect({ status: repeated.status, text: repeated.text }).toEqual({ status: 202, text: first.text })
    expect((await post(gateway, chatMessage('c-1', 'other'), keyed)).status).toBe(422)
  })

  test('messages from an earlier process count', async () => {
    const store = await withStore(kind, { QUEUE_LIMIT: '3' })
    const first = await startStored(kind, store)
    first.divar.misbehave(LATER)
    const held = await queue(first, chatMessage('c-1', 'held'))
    await until(first, held, 'queued', hasAttempts(1))
    await queue(first, chatMessage('c-1', 'behind'))
    await first.stop()
    const second = await startStored(kind, store)
    await queue(second, chatMessage('c-1', 'behind'))
    expect((await post(second, chatMessage('c-1', 'x'), ASYNC)).status).toBe(429)
  })

  test.each([{}, { 'idempotency-key': 'k' }])(
    'of fifty simultaneous sends exactly three are accepted (%j)',
    async (keyed) => {
      const gateway = await startStored(kind, { QUEUE_LIMIT: '3' })
      for (let time = 0; time < 3; time += 1) gateway.divar.misbehave(LATER)
      const sends = Array.from({ length: 50 }, (_, index) => {
        const key = Object.fromEntries(Object.entries(keyed).map(([name, value]) => [name, `${value}-${index}`]))
        return post(gateway, chatMessage(`c-${index}`, 'x'), { ...ASYNC, ...key }).then((response) => response)
      })
      const responses = await Promise.all(sends)
      expect(responses.filter(({ status }) => status === 202)).toHaveLength(3)
      for (const response of responses.filter(({ status }) => status !== 202)) {
        expect(problemOf(response)).toMatchObject({ status: 429, code: 'queue_full' })
      }
      expect((await listMessages(gateway)).messages).toHaveLength(3)
    },
  )
})
