import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { startDatabaseProxy } from '../support/database-proxy.ts'
import { problemOf } from '../support/messages.ts'
import {
  answer,
  divarAt,
  eventually,
  idOf,
  listMessages,
  post,
  queue,
  chatMessage,
  startDivar,
  startOn,
  retryOrCancel,
  textsReceivedBy,
  until,
} from '../support/outbox.ts'

const ASYNC = { prefer: 'respond-async', 'idempotency-key': 'k-1' }

async function start() {
  const store = await withStore('postgres')
  const proxy = await startDatabaseProxy(String(store['DATABASE_URL']))
  return { proxy, gateway: await startOn({ ...store, DATABASE_URL: proxy.url }) }
}

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('%s whose connection is cut', () => {
  test('after COMMIT was sent: 504 says that the outcome is unknown, and a repeat gets the 202 of the accepted message', async () => {
    const { proxy, gateway } = await start()
    proxy.cutNext('answer_to_commit')
    const lost = await post(gateway, chatMessage('c-1', 'once'), ASYNC)
    expect(problemOf(lost)).toMatchObject({ status: 504, code: 'store_outcome_unknown' })
    expect(proxy.cuts()).toBe(1)
    const again = await post(gateway, chatMessage('c-1', 'once'), ASYNC)
    expect({ status: again.status, replayed: again.headers['idempotent-replayed'] }).toEqual({
      status: 202,
      replayed: 'true',
    })
    await until(gateway, idOf(again), 'delivered')
    expect(textsReceivedBy(gateway.divar)).toEqual(['once'])
  })

  test('before COMMIT was sent: 503 says that nothing was accepted, and nothing arrives', async () => {
    const { proxy, gateway } = await start()
    for (const headers of [ASYNC, { 'idempotency-key': 'k-2' }]) {
      proxy.cutNext('insert')
      const refused = await post(gateway, chatMessage('c-1', 'refused'), headers)
      expect(problemOf(refused)).toMatchObject({ status: 503, code: 'store_unavailable' })
    }
    expect(proxy.cuts()).toBe(2)
    const accepted = await eventually(async () => {
      const response = await post(gateway, chatMessage('c-1', 'accepted'), { prefer: 'respond-async' })
      return response.status === 202 ? idOf(response) : undefined
    }, 'an accepted message')
    await until(gateway, accepted, 'delivered')
    expect(textsReceivedBy(gateway.divar)).toEqual(['accepted'])
    expect((await listMessages(gateway)).messages).toHaveLength(1)
  })

  test('while a synchronous send reserves its key: 503, nothing is sent, and the key is free again soon', async () => {
    const { proxy, gateway } = await start()
    const key = { 'idempotency-key': 'k-1' }
    proxy.cutNext('answer_to_commit')
    const refused = await post(gateway, chatMessage('c-1', 'once'), key)
    expect(problemOf(refused)).toMatchObject({ status: 503, code: 'store_unavailable' })
    expect(proxy.cuts()).toBe(1)
    const begun = performance.now()
    const sent = await eventually(
      async () => {
        const response = await post(gateway, chatMessage('c-1', 'once'), key)
        if (response.status === 200) return response
        expect(problemOf(response)).toMatchObject({ status: 409, code: 'idempotency_key_running' })
        return undefined
      },
      'the key free',
      30_000,
    )
    expect(sent.headers['idempotent-replayed']).toBeUndefined()
    expect(performance.now() - begun).toBeLessThan(15_000)
    expect(textsReceivedBy(gateway.divar)).toEqual(['once'])
  })

  test.each([
    ['retry', 'rejected', 'delivered', answer(400)],
    ['cancel', 'queued', 'cancelled', answer(503, '', { 'retry-after': '3600' })],
  ] as const)('while a %s commits: 504 says that the outcome is unknown', async (what, before, after, refusal) => {
    const divar = await startDivar()
    const store = await withStore('postgres', divarAt(divar))
    const proxy = await startDatabaseProxy(String(store['DATABASE_URL']))
    const gateway = await startOn({ ...store, DATABASE_URL: proxy.url })
    divar.misbehave(refusal)
    const id = await queue(gateway, chatMessage('c-1', 'once'))
    await until(gateway, id, before, ({ attempts }) => attempts.length === 1)
    proxy.cutNext('answer_to_commit', id)
    expect(problemOf(await retryOrCancel(gateway, id, what))).toMatchObject({
      status: 504,
      code: 'store_outcome_unknown',
    })
    expect(proxy.cuts()).toBe(1)
    await until(gateway, id, after)
  })
})
