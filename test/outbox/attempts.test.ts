import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { createAttempts } from '../../src/outbox/retry-policy.ts'
import { StoreError, type Claimed, type Finish } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import { acceptedAndClaimed, newMessage, newStore } from '../support/stores.ts'

test('work on one message runs one at a time, also after a failure', async () => {
  const { signal } = new AbortController()
  const attempts = createAttempts(await newStore('sqlite'), 'gw-1', createLogger('silent'), signal)
  const done: string[] = []
  const act = (name: string, fails: boolean) => async () => {
    done.push(`${name} begins`)
    await wait(5)
    done.push(`${name} ends`)
    if (fails) throw new Error(name)
  }
  const first = attempts.withMessageLock('msg_1', act('first', true))
  const second = attempts.withMessageLock('msg_1', act('second', false))
  await attempts.withMessageLock('msg_2', act('other', false))
  await expect(first).rejects.toThrow('first')
  expect(attempts.isLocked('msg_1')).toBe(true)
  await second
  expect(done.filter((one) => !one.startsWith('other'))).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
  ])
  expect(attempts.isLocked('msg_1')).toBe(false)
})

test('an outcome that cannot be committed does not delay others: a failed batch is committed one by one', async () => {
  const store = await newStore('sqlite')
  const open = Promise.withResolvers<undefined>()
  const batches: number[] = []
  const finish = async (owner: string, finished: readonly Finish[]) => {
    await open.promise
    const isPoisoned = finished.some(({ attempt }) => attempt?.outcome === 'poison')
    if (isPoisoned) batches.push(finished.length)
    return isPoisoned ? Promise.reject(new StoreError('refused', undefined)) : store.finish(owner, finished)
  }
  const closing = new AbortController()
  const attempts = createAttempts({ ...store, finish }, 'gw-1', createLogger('silent'), closing.signal)
  const messages: Claimed[] = []
  for (let count = 0; count < 9; count += 1) messages.push(await acceptedAndClaimed(store))
  await store.begin(
    'gw-1',
    messages.map(({ id }) => id),
  )
  // The first two are on their way to the store; the others share the next commit.
  const ends = messages.map((message, index) => {
    const outcome = index === 4 ? 'poison' : 'delivered'
    return attempts.finish({ message, attempt: { number: 1, outcome }, next: { state: 'delivered' } })
  })
  open.resolve(undefined)
  const poison = ends.splice(4, 1)[0]
  expect(await Promise.all(ends)).toEqual(ends.map(() => true))
  closing.abort()
  expect(await poison).toBe(false)
  const [together, ...alone] = batches
  expect(together).toBe(7)
  expect(new Set(alone)).toEqual(new Set([1]))
})

test('an outcome is recorded only while the gateway holds its claim, even if it is committed in a batch', async () => {
  const store = await newStore('sqlite')
  const open = Promise.withResolvers<undefined>()
  const finish = async (owner: string, finished: readonly Finish[]) => {
    await open.promise
    return store.finish(owner, finished)
  }
  const attempts = createAttempts({ ...store, finish }, 'gw-1', createLogger('silent'), new AbortController().signal)
  const lost = await acceptedAndClaimed(store)
  await store.leave('gw-1')
  await store.adopt('gw-2', 10)
  const kept: Claimed[] = []
  for (let count = 0; count < 3; count += 1) kept.push(await acceptedAndClaimed(store))
  // Two are on their way to the store, so that the others share the next commit.
  const ends = [...kept.slice(1), lost, ...kept.slice(0, 1)].map((message) =>
    attempts.finish({ message, next: { state: 'delivered' } }),
  )
  open.resolve(undefined)
  expect(await Promise.all(ends)).toEqual([true, true, false, true])
})

describe.each(DATABASES)('an end that %s refuses for good', (kind) => {
  test('is given up and logged with its message, and the message is left to be settled as unknown', async () => {
    const store = await newStore(kind)
    const lines: string[] = []
    const log = createLogger('error', { write: (line) => void lines.push(line) })
    let finishes = 0
    const finish = (owner: string, finished: readonly Finish[]) => {
      finishes += 1
      return store.finish(owner, finished)
    }
    const attempts = createAttempts({ ...store, finish }, 'gw-1', log, new AbortController().signal)
    const message = await acceptedAndClaimed(store)
    await store.begin('gw-1', [message.id])
    const taken = newMessage()
    await store.accept([taken])
    const end: Finish = { message, attempt: { number: 1, outcome: 'delivered' }, next: { state: 'delivered' } }
    expect(await attempts.finish({ ...end, notice: taken })).toBe(false)
    expect(finishes).toBe(2)
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { event: 'outbox.failed', message_id: message.id },
    ])
    expect(await store.adopt('gw-1', 10)).toMatchObject([{ id: message.id, attemptOpen: true }])
    // What was refused has left nothing behind: another end of the same attempt is taken.
    expect(await attempts.finish({ ...end, next: { state: 'unknown' } })).toBe(true)
  })
})
