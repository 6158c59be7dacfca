import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { StoreError, type Claim } from '../../src/store/store.ts'
import { messageOn, startWorker } from '../support/worker.ts'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

const MINUTE_MS = 60_000
const NOTHING: Claim = { messages: [], nextInMs: undefined }

describe('does not poll the store in a tight loop', () => {
  test.each<[string, Claim | Error, number]>([
    ['nothing is queued: every 2 s, since a notification from another gateway may be lost', NOTHING, 31],
    ['the next message is due in an hour: every 2 s', { messages: [], nextInMs: 3_600_000 }, 31],
    ['due messages are claimed by another gateway: every 50 ms', { messages: [], nextInMs: 0 }, 1201],
    ['the store is unavailable: every second', new StoreError('away', undefined), 61],
  ])('while %s', async (_, found, times) => {
    const { worker, asked } = await startWorker({
      claim: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(MINUTE_MS)
    expect(asked).toHaveLength(times)
  })

  test('while Divar’s rate limit lasts: not at all', async () => {
    const { worker, rateLimitHold, asked } = await startWorker({ claim: () => Promise.resolve(NOTHING) })
    rateLimitHold.holdFor(10 * MINUTE_MS)
    worker.wake()
    await jest.advanceTimersByTimeAsync(9 * MINUTE_MS)
    expect(asked).toEqual([])
    await jest.advanceTimersByTimeAsync(MINUTE_MS + 2000)
    expect(asked).toContain('v2')
  })

  test('while the breaker is open: not at all, then as soon as it allows a probe', async () => {
    const opensAt = performance.now() + 5000
    const opensInMs = () => Math.max(opensAt - performance.now(), 0)
    const { worker, asked } = await startWorker({
      claim: () => Promise.resolve(NOTHING),
      target: { capacity: () => (opensInMs() > 0 ? 0 : 1), opensInMs },
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(4999)
    expect(asked).toEqual([])
    await jest.advanceTimersByTimeAsync(1)
    expect(asked).toEqual(['v2'])
  })
})

test('a message that becomes due later is claimed at that time', async () => {
  const { worker, asked } = await startWorker({ claim: () => Promise.resolve({ messages: [], nextInMs: 700 }) })
  worker.wake()
  await jest.advanceTimersByTimeAsync(699)
  expect(asked).toHaveLength(1)
  await jest.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(2)
})

test('a wake during a poll is not lost: another poll follows at once', async () => {
  const polls: ((claim: Claim) => void)[] = []
  const { worker, asked } = await startWorker({ claim: () => new Promise((resolve) => polls.push(resolve)) })
  worker.wake()
  // The running poll may miss what is queued now.
  worker.wake()
  worker.wake()
  expect(asked).toHaveLength(1)
  polls[0]?.(NOTHING)
  await jest.advanceTimersByTimeAsync(0)
  expect(asked).toHaveLength(2)
  // Three wakes do not make three polls.
  polls[1]?.(NOTHING)
  await jest.advanceTimersByTimeAsync(1999)
  expect(asked).toHaveLength(2)
})

test.each([0, 1, 2])(
  'two wires with a backlog take turns, also with %d polls between that find no free slot',
  async (polls) => {
    const running: (() => void)[] = []
    const { worker, asked } = await startWorker({
      claim: (wire) => Promise.resolve({ messages: [messageOn(wire)], nextInMs: undefined }),
      target: { wires: ['v1', 'v2'], concurrency: 1 },
      deliverClaimed: () => new Promise((resolve) => running.push(resolve)),
    })
    worker.wake()
    for (let turn = 0; turn < 4; turn += 1) {
      await jest.advanceTimersByTimeAsync(0)
      for (let poll = 0; poll < polls; poll += 1) {
        worker.wake()
        await jest.advanceTimersByTimeAsync(0)
      }
      running.shift()?.()
    }
    await jest.advanceTimersByTimeAsync(0)
    expect(asked).toEqual(['v1', 'v2', 'v1', 'v2', 'v1'])
  },
)

test('a message that is claimed while the gateway stops is queued again for the next gateway, and no other is claimed', async () => {
  const polls: ((claim: Claim) => void)[] = []
  let begun = 0
  const { worker, asked, released } = await startWorker({
    claim: () => new Promise((resolve) => polls.push(resolve)),
    target: { wires: ['v1', 'v2'] },
    deliverClaimed: () => {
      begun += 1
      return Promise.resolve()
    },
  })
  worker.wake()
  const stopped = worker.stop()
  const message = messageOn('v1')
  polls[0]?.({ messages: [message], nextInMs: undefined })
  await stopped
  expect({ asked, released, begun }).toEqual({ asked: ['v1'], released: [message.id], begun: 0 })
})

test('after a store error both wires are claimed again', async () => {
  let fails = 1
  const { worker, asked } = await startWorker({
    claim: () => (fails-- > 0 ? Promise.reject(new StoreError('away', undefined)) : Promise.resolve(NOTHING)),
    target: { wires: ['v1', 'v2'] },
  })
  worker.wake()
  await jest.advanceTimersByTimeAsync(1000)
  expect(asked).toHaveLength(3)
})

test('a stopped worker claims nothing more, even after a wake', async () => {
  const { worker, asked } = await startWorker({ claim: () => Promise.resolve(NOTHING) })
  worker.wake()
  await worker.stop()
  worker.wake()
  await jest.advanceTimersByTimeAsync(MINUTE_MS)
  expect(asked).toHaveLength(1)
})
