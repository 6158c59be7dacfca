import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { Wire } from '../../src/store/store.ts'
import { messageOn, startWorker } from '../support/worker.ts'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

describe('claims a quarter more than it delivers at once', () => {
  const backlog = (many: number) => {
    const queued = Array.from({ length: many }, (_, index) => messageOn('v2', `msg_${index}`))
    return (_wire: Wire, limit: number) => Promise.resolve({ messages: queued.splice(0, limit), nextInMs: undefined })
  }

  test('so that a delivery that ends is followed by the next one without a claim between', async () => {
    const running: { id: string; end: () => void }[] = []
    const { worker, asked } = await startWorker({
      claim: backlog(100),
      target: { concurrency: 8 },
      deliverClaimed: ({ id }) =>
        new Promise((end) =>
          running.push({
            id,
            end: () => {
              end()
            },
          }),
        ),
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    expect({ running: running.length, claims: asked.length }).toEqual({ running: 8, claims: 1 })
    running[0]?.end()
    await jest.advanceTimersByTimeAsync(0)
    expect({ running: running.map(({ id }) => id).slice(8), claims: asked.length }).toEqual({
      running: ['msg_8'],
      claims: 1,
    })
  })

  test('and a stop queues again what it has claimed ahead', async () => {
    const { worker, released } = await startWorker({
      claim: backlog(100),
      target: { concurrency: 8 },
      deliverClaimed: () => new Promise(() => undefined),
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    await worker.stop()
    expect(released).toEqual(['msg_8', 'msg_9'])
  })

  test.each([0, 1])('but not while the breaker lets %d through', async (capacity) => {
    let begun = 0
    const { worker, released } = await startWorker({
      claim: backlog(100),
      target: { concurrency: 8, capacity: () => capacity, opensInMs: () => 1000 },
      deliverClaimed: () => {
        begun += 1
        return new Promise(() => undefined)
      },
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    await worker.stop()
    expect({ begun, released }).toEqual({ begun: capacity, released: [] })
  })
})
