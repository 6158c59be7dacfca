import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, jest, test } from '@jest/globals'
import type { Outcome } from '../../src/divar/outcome.ts'
import { StoreError, type Store } from '../../src/store/store.ts'
import { chatMessage } from '../support/outbox.ts'
import { startOutbox } from '../support/outbox-on-store.ts'

afterEach(() => void jest.useRealTimers())

const DELIVERED: Outcome = { kind: 'delivered', status: 200 }

/** A store that commits no outcome until the test allows it. */
async function startStuck(how: 'does not answer' | 'fails') {
  let isStuck = true
  const ready = Promise.withResolvers<undefined>()
  const asked = Promise.withResolvers<undefined>()
  const kept = Promise.withResolvers<undefined>()
  const finish = (real: Store): Store['finish'] => {
    return async (...parameters) => {
      asked.resolve(undefined)
      if (isStuck && how === 'fails') throw new StoreError('away', undefined)
      await (isStuck ? ready.promise : undefined)
      const held = await real.finish(...parameters)
      kept.resolve(undefined)
      return held
    }
  }
  const started = await startOutbox('sqlite', { calls: (real) => ({ finish: finish(real) }) })
  const recover = () => {
    isStuck = false
    ready.resolve(undefined)
  }
  return { ...started, asked: asked.promise, kept: kept.promise, recover }
}

test.each(['does not answer', 'fails'] as const)(
  'a send with a key is answered after 3 s even if the store %s, and its outcome is committed later',
  async (how) => {
    const { outbox, sendOf, asked, kept, recover } = await startStuck(how)
    const send = { ...sendOf(chatMessage('c-1', 'once')), idempotencyKey: 'k-1' }
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
    let isAnswered = false
    const answered = outbox
      .attemptNow(
        send,
        () => Promise.resolve(DELIVERED),
        () => 'kept',
      )
      .finally(() => (isAnswered = true))
    await asked
    await jest.advanceTimersByTimeAsync(2999)
    // Timers that have fired take effect some turns later.
    for (let count = 0; count < 20; count += 1) await turn()
    expect(isAnswered).toBe(false)
    await jest.advanceTimersByTimeAsync(1)
    expect(await answered).toEqual({ kind: 'attempted', outcome: DELIVERED })
    expect(await outbox.findRepeat(send)).toEqual({ kind: 'running' })
    jest.useRealTimers()
    recover()
    await kept
    expect(await outbox.findRepeat(send)).toMatchObject({ kind: 'replay', reply: 'kept' })
  },
)

test('a send with a key is answered as soon as its outcome is committed', async () => {
  const { outbox, sendOf, find } = await startOutbox('sqlite')
  const send = { ...sendOf(chatMessage('c-1', 'once')), idempotencyKey: 'k-1' }
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
  const attempted = await outbox.attemptNow(
    send,
    () => Promise.resolve(DELIVERED),
    () => 'kept',
  )
  expect(attempted).toEqual({ kind: 'attempted', outcome: DELIVERED })
  expect(await find(send.id)).toMatchObject({ state: 'delivered', attempts: [{ number: 1, outcome: 'delivered' }] })
})

test('a stop waits until the outcome of a send with a key is committed, even if its caller was answered', async () => {
  const { outbox, sendOf, asked, recover } = await startStuck('does not answer')
  const send = { ...sendOf(chatMessage('c-1', 'once')), idempotencyKey: 'k-1' }
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
  const answered = outbox.attemptNow(
    send,
    () => Promise.resolve(DELIVERED),
    () => 'kept',
  )
  await asked
  await jest.advanceTimersByTimeAsync(3000)
  await answered
  jest.useRealTimers()
  let isDrained = false
  const drained = outbox.drain().then(() => (isDrained = true))
  // The store runs one call after the other, so all other work of the stop is done by then.
  for (let count = 0; count < 5; count += 1) expect(await outbox.findRepeat(send)).toEqual({ kind: 'running' })
  for (let count = 0; count < 20; count += 1) await turn()
  expect(isDrained).toBe(false)
  recover()
  await drained
  expect(await outbox.findRepeat(send)).toMatchObject({ kind: 'replay', reply: 'kept' })
})

test('the outcome of a message that another gateway took over is not counted and makes no room in the queue', async () => {
  const { outbox, queue, until } = await startOutbox('sqlite', {
    more: { QUEUE_LIMIT: '1' },
    calls: (real) => ({
      finish: async (...parameters) => {
        await real.finish(...parameters)
        return []
      },
    }),
  })
  const id = await queue(chatMessage('c-1', 'one'))
  await until(id, ({ state }) => state === 'delivered')
  await outbox.drain()
  await expect(queue(chatMessage('c-1', 'two'))).rejects.toThrow('not accepted but full')
  expect(outbox.metrics.ended.read().filter(({ value }) => value > 0)).toEqual([])
})
