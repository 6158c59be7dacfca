import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { Courier, type CourierOptions } from '../../src/outbox/worker.ts'
import type { Lane } from '../../src/outbox/delivery-target.ts'
import { Pause } from '../../src/outbox/rate-limit-hold.ts'
import { StoreError, type Claim, type Wire } from '../../src/store/store.ts'
import { newStore } from '../support/stores.ts'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

const MINUTE_MS = 60_000
const NOTHING: Claim = { messages: [], nextInMs: undefined }

const couriers: Courier[] = []
afterEach(() => Promise.all(couriers.splice(0).map((courier) => courier.stop())))

type Parts = { claim: (wire: Wire) => Promise<Claim>; lane?: Partial<Lane>; carry?: CourierOptions['carry'] }

/** A courier whose store answers what the test says, and how often it was asked. */
async function startCourier({ claim, lane, carry = () => Promise.resolve() }: Parts) {
  const asked: Wire[] = []
  const store = {
    ...(await newStore('sqlite')),
    claim: (_owner: string, wire: Wire) => {
      asked.push(wire)
      return claim(wire)
    },
  }
  const log = createLogger('silent')
  const pause = new Pause(log)
  const courier = new Courier({
    store,
    owner: 'gw-1',
    probeLeaseMs: 10_000,
    lane: {
      wires: ['v2'],
      places: 4,
      deliver: () => Promise.reject(new Error('nothing is delivered here')),
      capacity: () => Infinity,
      opensInMs: () => 0,
      ...lane,
    },
    pause,
    carry,
    log,
  })
  couriers.push(courier)
  return { courier, pause, asked }
}

describe('does not ask the store in a tight loop', () => {
  test.each<[string, Claim | Error, number]>([
    ['nothing is queued: every 2 s, since a hint of another gateway may be lost', NOTHING, 31],
    ['the next message is due in an hour: every 2 s', { messages: [], nextInMs: 3_600_000 }, 31],
    ['what is due is in the hands of another gateway: every 50 ms', { messages: [], nextInMs: 0 }, 1201],
    ['the store is away: every second', new StoreError('away', undefined), 61],
  ])('while %s', async (_, found, times) => {
    const { courier, asked } = await startCourier({
      claim: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
    })
    courier.wake()
    await jest.advanceTimersByTimeAsync(MINUTE_MS)
    expect(asked).toHaveLength(times)
  })

  test('while a pause of Divar’s lasts, however long: not at all', async () => {
    const { courier, pause, asked } = await startCourier({ claim: () => Promise.resolve(NOTHING) })
    pause.begin(10 * MINUTE_MS)
    courier.wake()
    await jest.advanceTimersByTimeAsync(9 * MINUTE_MS)
    expect(asked).toEqual([])
    await jest.advanceTimersByTimeAsync(MINUTE_MS + 2000)
    expect(asked).toContain('v2')
  })

  test('while the breaker is open: not at all, and as soon as it lets a probe through', async () => {
    const opensAt = performance.now() + 5000
    const opensInMs = () => Math.max(opensAt - performance.now(), 0)
    const { courier, asked } = await startCourier({
      claim: () => Promise.resolve(NOTHING),
      lane: { capacity: () => (opensInMs() > 0 ? 0 : 1), opensInMs },
    })
    courier.wake()
    await jest.advanceTimersByTimeAsync(4999)
    expect(asked).toEqual([])
    await jest.advanceTimersByTimeAsync(1)
    expect(asked).toEqual(['v2'])
  })
})

test('what becomes due at a time is looked for at that time', async () => {
  const { courier, asked } = await startCourier({ claim: () => Promise.resolve({ messages: [], nextInMs: 700 }) })
  courier.wake()
  await jest.advanceTimersByTimeAsync(699)
  expect(asked).toHaveLength(1)
  await jest.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(2)
})

test('a wake during a look is not lost: another look follows at once, without waiting for any time', async () => {
  const looks: ((claim: Claim) => void)[] = []
  const { courier, asked } = await startCourier({ claim: () => new Promise((resolve) => looks.push(resolve)) })
  courier.wake()
  // What is queued now the look under way may not see.
  courier.wake()
  courier.wake()
  expect(asked).toHaveLength(1)
  looks[0]?.(NOTHING)
  await jest.advanceTimersByTimeAsync(0)
  expect(asked).toHaveLength(2)
  // Three wakes do not make three looks.
  looks[1]?.(NOTHING)
  await jest.advanceTimersByTimeAsync(1999)
  expect(asked).toHaveLength(2)
})

test('each of two wires is the first in its turn', async () => {
  const { courier, asked } = await startCourier({
    claim: () => Promise.resolve(NOTHING),
    lane: { wires: ['v1', 'v2'] },
  })
  courier.wake()
  await jest.advanceTimersByTimeAsync(4000)
  expect(asked).toEqual(['v2', 'v1', 'v1', 'v2', 'v2', 'v1'])
})

test('a failed wire keeps back no other: after an error the store is asked again, for both', async () => {
  let fails = 1
  const { courier, asked } = await startCourier({
    claim: () => (fails-- > 0 ? Promise.reject(new StoreError('away', undefined)) : Promise.resolve(NOTHING)),
    lane: { wires: ['v1', 'v2'] },
  })
  courier.wake()
  await jest.advanceTimersByTimeAsync(1000)
  expect(asked).toHaveLength(3)
})

test('stopped, it takes nothing new, whoever wakes it', async () => {
  const { courier, asked } = await startCourier({ claim: () => Promise.resolve(NOTHING) })
  courier.wake()
  await courier.stop()
  courier.wake()
  await jest.advanceTimersByTimeAsync(MINUTE_MS)
  expect(asked).toHaveLength(1)
})
