import { EventEmitter, once } from 'node:events'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { ClaimOptions, Wire } from '../../src/store/store.ts'
import { messageOn, startWorker } from '../support/worker.ts'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

describe('claims a quarter more than it delivers at once', () => {
  const backlog = (many: number) => {
    const queued = Array.from({ length: many }, (_, index) => messageOn('v2', `msg_${index}`))
    return (_wire: Wire, limit: number) => Promise.resolve({ messages: queued.splice(0, limit), nextInMs: undefined })
  }

  /** A worker whose deliveries run until `divar` emits the id of their message, and the ids of those that have begun. */
  const startUntilAnswered = async (concurrency: number) => {
    const begun: string[] = []
    const divar = new EventEmitter()
    const started = await startWorker({
      claim: backlog(100),
      target: { concurrency },
      deliverClaimed: async ({ id }, _target, _claimedAt, hasSlot) => {
        await hasSlot
        begun.push(id)
        await once(divar, id)
      },
    })
    return { ...started, begun, divar }
  }

  test('so that a delivery that ends is followed by the next one without a claim between', async () => {
    const { worker, asked, begun, divar } = await startUntilAnswered(8)
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    expect([begun.length, asked.length]).toEqual([8, 1])
    divar.emit('msg_3')
    await jest.advanceTimersByTimeAsync(10)
    expect([begun.slice(8), asked.length]).toEqual([['msg_8'], 1])
  })

  test('within 1 ms where places are few, since few deliveries could share a commit', async () => {
    const { worker, begun, divar } = await startUntilAnswered(4)
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    divar.emit('msg_3')
    await jest.advanceTimersByTimeAsync(1)
    expect(begun.slice(4)).toEqual(['msg_4'])
  })

  test('and a stop queues again what it has claimed ahead', async () => {
    const refused: string[] = []
    const { worker } = await startWorker({
      claim: backlog(100),
      target: { concurrency: 8 },
      deliverClaimed: async ({ id }, _target, _claimedAt, hasSlot) => {
        if (await hasSlot) await new Promise(() => undefined)
        else refused.push(id)
      },
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    await worker.stop()
    expect(refused).toEqual(['msg_8', 'msg_9'])
  })

  test.each([0, 1])('but not while the breaker lets %d through', async (capacity) => {
    let begun = 0
    const { worker, released } = await startWorker({
      claim: backlog(100),
      target: { concurrency: 8, capacity: () => capacity, opensInMs: () => 1000 },
      deliverClaimed: async (_message, _target, _claimedAt, hasSlot) => {
        if (await hasSlot) begun += 1
        await new Promise(() => undefined)
      },
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    await worker.stop()
    expect({ begun, released }).toEqual({ begun: capacity, released: [] })
  })

  test.each<[Wire, number]>([
    ['v2', 8],
    ['webhook', 10],
  ])('but under limits of the app’s own, which count a claim as a send, of %s only %d', async (wire, many) => {
    const asked: number[] = []
    const { worker } = await startWorker({
      claim: (_wire, limit) => {
        asked.push(limit)
        return Promise.resolve({ messages: [], nextInMs: undefined })
      },
      target: { wires: [wire], concurrency: 8 },
      limits: { perMinute: 1000, perDay: undefined },
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    expect(asked).toEqual([many])
  })

  test('but not the message that probes a rate limit, which all others wait for', async () => {
    const asked: ClaimOptions['mayProbe'][] = []
    const divar = new EventEmitter()
    const claim = backlog(8)
    const { worker } = await startWorker({
      claim: (wire, limit, options) => {
        asked.push(options?.mayProbe)
        return claim(wire, limit)
      },
      target: { concurrency: 8 },
      deliverClaimed: ({ id }) => once(divar, id).then(() => undefined),
    })
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    worker.wake()
    await jest.advanceTimersByTimeAsync(0)
    divar.emit('msg_3')
    await jest.advanceTimersByTimeAsync(0)
    expect(asked).toEqual([true, false, true])
  })
})
