import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { Poller } from '../../src/base/poller.ts'
import { createLogger } from '../../src/observability/log.ts'
import { createWorker, RateLimitHold, type DeliveryTarget, type WorkerOptions } from '../../src/outbox/worker.ts'
import { StoreError, type Claim, type Claimed, type Wire } from '../../src/store/store.ts'
import { newStore } from '../support/stores.ts'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

const MINUTE_MS = 60_000
const NOTHING: Claim = { messages: [], nextInMs: undefined }

const workers: Pick<Poller, 'stop'>[] = []
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())))

type Parts = {
  claim: (wire: Wire, limit: number) => Promise<Claim>
  target?: Partial<DeliveryTarget>
  deliverClaimed?: WorkerOptions['deliverClaimed']
}

/** A worker whose store answers each claim as the test says, and the wires that were claimed. */
async function startWorker({ claim, target, deliverClaimed = () => Promise.resolve() }: Parts) {
  const asked: Wire[] = []
  const released: string[] = []
  const store = {
    ...(await newStore('sqlite')),
    claim: (_owner: string, wire: Wire, limit: number) => {
      asked.push(wire)
      return claim(wire, limit)
    },
  }
  const log = createLogger('silent')
  const rateLimitHold = new RateLimitHold(log)
  const worker = createWorker({
    store,
    owner: 'gw-1',
    probeLeaseMs: 10_000,
    target: {
      wires: ['v2'],
      concurrency: 4,
      deliver: () => Promise.reject(new Error('nothing is delivered here')),
      capacity: () => Infinity,
      opensInMs: () => 0,
      ...target,
    },
    rateLimitHold,
    pacing: undefined,
    deliverClaimed,
    release: (id) => {
      released.push(id)
      return Promise.resolve()
    },
    log,
  })
  workers.push(worker)
  return { worker, rateLimitHold, asked, released }
}

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

function messageOn(wire: Wire, id = 'msg_1'): Claimed {
  return {
    id,
    caller: 'orders',
    wire,
    conversation: 'c-1',
    inLine: true,
    atLeastOnce: false,
    unsure: false,
    attempts: 0,
    tryForMs: MINUTE_MS,
    requestId: 'req_1',
    body: undefined,
    isProbe: false,
  }
}

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
