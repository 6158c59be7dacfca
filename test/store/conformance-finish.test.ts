import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { FINAL_STATES, StoreError, type NewMessage, type Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  claimed,
  claimedOne,
  finish,
  MINUTE_MS,
  newConversation,
  newMessage,
  newStore,
  sealed,
  claimLeftovers,
  textOf,
} from '../support/stores.ts'

const AGAIN = { state: 'queued', inMs: 0, unsure: false } as const
const LATER = { state: 'queued', inMs: MINUTE_MS, unsure: false } as const

describe.each(DATABASES)('an outcome on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  /** A message under a key whose answer is still to come, and the same request once more. */
  function keyed(key: string): [NewMessage, NewMessage] {
    const idempotency = { key, fingerprints: [`said under ${key}`], ttlMs: MINUTE_MS } as const
    return [newMessage({ leasedTo: 'gw-1', idempotency }), newMessage({ leasedTo: 'gw-1', idempotency })]
  }

  test('is committed only by the owner of the lease, with everything that belongs to it', async () => {
    const [first, repeat] = keyed('fenced')
    await store.accept([first])
    await store.begin('gw-1', [first.id])
    const late = {
      owner: 'gw-2',
      attempt: { number: 1, outcome: 'delivered' },
      idempotency: { reply: sealed('reply') },
      notice: newMessage({ wire: 'webhook' }),
    }
    const message = { id: first.id, conversation: '', inLine: false }
    expect(await finish(store, [message], late)).toEqual([])
    expect(await store.find('orders', first.id)).toMatchObject({ state: 'sending', attempts: [{ endedAt: null }] })
    expect(await store.accept([repeat])).toEqual([{ kind: 'running' }])
    expect(await claimed(store, 'gw-1', 1, 'webhook')).toEqual([])
  })

  test('keeps the answer with the message, from the same commit, until its row is deleted', async () => {
    const message = await acceptedAndClaimed(store, { wire: 'bot' })
    expect((await store.find('orders', message.id))?.answer).toBeUndefined()
    await finish(store, [message], { owner: 'gw-2', answer: sealed('of a lost lease') })
    expect(await store.find('orders', message.id)).toMatchObject({ state: 'sending', answer: undefined })
    await finish(store, [message], { answer: sealed('b-1', 'key-2') })
    const { state, wiped, answer } = (await store.find('orders', message.id)) ?? {}
    expect([state, wiped, answer?.keyId, textOf(answer)]).toEqual(['delivered', true, 'key-2', 'b-1'])
    const [row] = (await store.list({ caller: 'orders', limit: 1 })).messages
    expect(textOf(row?.answer)).toBe('b-1')
  })

  test('is reported for each message separately', async () => {
    const mine = await acceptedAndClaimed(store)
    const other = await acceptedAndClaimed(store, {}, 'gw-2')
    expect(await finish(store, [other, mine])).toEqual([mine.id])
    expect(await store.find('orders', other.id)).toMatchObject({ state: 'sending' })
  })

  test('is the first one that is committed', async () => {
    const message = await acceptedAndClaimed(store)
    await finish(store, [message], { next: { state: 'unknown' } })
    expect(await finish(store, [message], { next: { state: 'delivered' } })).toEqual([])
    expect(await store.find('orders', message.id)).toMatchObject({ state: 'unknown', wiped: false })
  })

  test.each(FINAL_STATES)('%s ends the message, and wipes its content when it is no longer needed', async (state) => {
    const message = await acceptedAndClaimed(store)
    expect(await finish(store, [message], { next: { state } })).toEqual([message.id])
    expect(await store.find('orders', message.id)).toMatchObject({
      state,
      wiped: state === 'delivered',
      finishedAt: expect.any(Number),
      nextAttemptAt: null,
    })
  })

  test('stores the details of the attempt', async () => {
    const message = await acceptedAndClaimed(store)
    await store.begin('gw-1', [message.id])
    await finish(store, [message], {
      attempt: { number: 1, outcome: 'rejected', status: 422, code: 'E-7', reason: 'no reason' },
      next: { state: 'rejected' },
    })
    const record = await store.find('orders', message.id)
    expect(record?.attempts).toEqual([
      {
        number: 1,
        begunAt: expect.any(Number),
        endedAt: expect.any(Number),
        outcome: 'rejected',
        status: 422,
        code: 'E-7',
        reason: 'no reason',
      },
    ])
  })

  test('can be stored without an attempt', async () => {
    const message = await acceptedAndClaimed(store)
    await finish(store, [message], { next: { state: 'failed' } })
    expect(await store.find('orders', message.id)).toMatchObject({ state: 'failed', attempts: [] })
  })

  test('of each message in a batch is its own', async () => {
    const messages = Array.from({ length: FINAL_STATES.length }, () => newMessage())
    await store.accept(messages)
    const ours = await claimed(store)
    await store.begin(
      'gw-1',
      ours.map(({ id }) => id),
    )
    await store.finish(
      'gw-1',
      ours.map((message, index) => ({
        message,
        attempt: { number: 1, outcome: `outcome ${index}`, status: index === 0 ? undefined : index },
        next: { state: FINAL_STATES[index] ?? 'failed' },
      })),
    )
    for (const [index, { id }] of ours.entries()) {
      expect(await store.find('orders', id)).toMatchObject({
        state: FINAL_STATES[index],
        attempts: [{ outcome: `outcome ${index}`, status: index === 0 ? null : index }],
      })
    }
  })

  test('that is committed twice, because its answer was lost, does not affect the next attempt', async () => {
    const message = await acceptedAndClaimed(store)
    await store.begin('gw-1', [message.id])
    const first = { attempt: { number: 1, outcome: 'platform_error' }, next: AGAIN }
    expect(await finish(store, [message], first)).toEqual([message.id])
    const again = await claimedOne(store)
    expect(await finish(store, [message], first)).toEqual([])
    await store.begin('gw-1', [message.id])
    expect(await finish(store, [message], first)).toEqual([])
    const second = { attempt: { number: 2, outcome: 'delivered' } }
    expect(await finish(store, [again], second)).toEqual([message.id])
    expect(await store.find('orders', message.id)).toMatchObject({ state: 'delivered' })
  })

  test('can queue the message again, for later', async () => {
    const message = await acceptedAndClaimed(store)
    await finish(store, [message], { next: LATER })
    expect(await claimed(store)).toEqual([])
    const record = await store.find('orders', message.id)
    expect(record).toMatchObject({ state: 'queued', finishedAt: null, wiped: false })
    const wait = (record?.nextAttemptAt ?? 0) - (record?.createdAt ?? 0)
    expect(wait).toBeGreaterThanOrEqual(MINUTE_MS)
    expect(wait).toBeLessThan(2 * MINUTE_MS)
  })

  test('that may be a delivery is remembered through all later attempts', async () => {
    const message = await acceptedAndClaimed(store)
    await finish(store, [message], { next: { ...AGAIN, unsure: true } })
    expect(await claimedOne(store)).toMatchObject({ id: message.id, unsure: true })
    await finish(store, [message], { next: AGAIN })
    expect(await claimedOne(store)).toMatchObject({ unsure: true, inLine: true })
    await finish(store, [message], { next: { state: 'unknown' } })
    await store.retry('orders', message.id, MINUTE_MS)
    expect(await claimedOne(store)).toMatchObject({ unsure: true })
  })

  test('stores the reply of the idempotency key, which a repeat gets', async () => {
    const [first, repeat] = keyed('replied')
    await store.accept([first])
    const message = { id: first.id, conversation: '', inLine: false }
    await finish(store, [message], { idempotency: { reply: sealed('reply', 'key-2') } })
    const [answer] = await store.accept([repeat])
    expect(answer).toMatchObject({ kind: 'replay', messageId: first.id, reply: { keyId: 'key-2' } })
    expect(answer?.kind === 'replay' && textOf(answer.reply)).toBe('reply')
  })

  test('can free the idempotency key', async () => {
    const [first, repeat] = keyed('freed')
    await store.accept([first])
    await finish(store, [{ id: first.id, conversation: '', inLine: false }], { idempotency: 'free' })
    expect(await store.accept([repeat])).toEqual([{ kind: 'accepted' }])
  })

  test('does not affect other keys', async () => {
    const [first, repeat] = keyed('untouched')
    await store.accept([first])
    const other = await acceptedAndClaimed(store)
    await finish(store, [other], { idempotency: 'free' })
    expect(await store.accept([repeat])).toEqual([{ kind: 'running' }])
  })

  test('is committed together with its webhook payload or not at all', async () => {
    const say = newConversation()
    const [first, second] = [say(), say()]
    await store.accept([first, second])
    const message = await claimedOne(store)
    await store.begin('gw-1', [message.id])
    const attempt = { number: 1, outcome: 'delivered' }
    // Nothing can be stored twice under one id.
    const impossible = newMessage({ id: second.id, wire: 'webhook' })
    await expect(finish(store, [message], { attempt, notice: impossible })).rejects.toThrow(StoreError)
    expect(await store.find('orders', first.id)).toMatchObject({
      state: 'sending',
      wiped: false,
      attempts: [{ endedAt: null }],
    })
    expect(await claimed(store)).toEqual([])
    const notice = newMessage({ wire: 'webhook' })
    await finish(store, [message], { attempt, notice })
    expect((await claimedOne(store, 'gw-1', 'webhook')).id).toBe(notice.id)
    expect((await claimedOne(store)).id).toBe(second.id)
  })

  test('has its webhook payloads in order', async () => {
    const say = newConversation()
    const notices = [say({ wire: 'webhook' }), say({ wire: 'webhook' })]
    const message = await acceptedAndClaimed(store)
    for (const notice of notices) {
      await finish(store, [message], { next: { state: 'failed' }, notice })
      await store.retry('orders', message.id, MINUTE_MS)
      await claimedOne(store)
    }
    for (const notice of notices) {
      const due = await claimedOne(store, 'gw-1', 'webhook')
      expect(due.id).toBe(notice.id)
      await finish(store, [due])
    }
  })
})
