import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/base/log.ts'
import { Lease } from '../../src/outbox/lease.ts'
import { LEASE_MS } from '../../src/store/claim.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** A gateway whose store can be away; how often it has looked for others' messages. */
async function startLease() {
  const beats: number[] = []
  const seen = {
    adopted: 0,
    isAway: false,
    clockAheadMs: 0,
    startedAt: performance.now(),
    beats,
    left: 0,
    neverLeaves: false,
  }
  const reach = () => (seen.isAway ? Promise.reject(new Error('away')) : Promise.resolve())
  const store = {
    adopt: async () => {
      await reach()
      seen.adopted += 1
      return []
    },
    heartbeat: async () => {
      await reach()
      beats.push(performance.now())
    },
    leave: async () => {
      seen.left += 1
      await (seen.neverLeaves ? new Promise(() => undefined) : reach())
    },
    readClock: () => Promise.resolve({ nowMs: performance.now() + seen.clockAheadMs, heardAtMs: null }),
  }
  const attempts = { owner: 'gw-1', isInHand: () => false }
  const lease = new Lease({ store, attempts, settleLeft: () => Promise.resolve(), log: createLogger('silent') })
  await lease.start()
  return { lease, seen }
}

test('looks every 5 s for what others have left behind, also after a short absence of the store', async () => {
  const { lease, seen } = await startLease()
  await jest.advanceTimersByTimeAsync(10_000)
  expect(seen.adopted).toBe(3)
  seen.isAway = true
  await jest.advanceTimersByTimeAsync(10_000)
  seen.isAway = false
  await jest.advanceTimersByTimeAsync(5000)
  expect(seen.adopted).toBe(4)
  await lease.stop()
})

test('takes nothing over just after the store was away for long: the others were cut off as well', async () => {
  const { lease, seen } = await startLease()
  seen.isAway = true
  await jest.advanceTimersByTimeAsync(35_000)
  seen.isAway = false
  await jest.advanceTimersByTimeAsync(15_000)
  expect(seen.adopted).toBe(1)
  await jest.advanceTimersByTimeAsync(10_000)
  expect(seen.adopted).toBeGreaterThan(1)
  await lease.stop()
})

test.each([
  ['ahead', 86_400_000],
  ['back', -86_400_000],
])(
  'takes nothing over just after the clock has jumped %s: the others live, and renew their leases',
  async (_, byMs) => {
    const { lease, seen } = await startLease()
    await jest.advanceTimersByTimeAsync(5000)
    expect(seen.adopted).toBe(2)
    seen.clockAheadMs = byMs
    await jest.advanceTimersByTimeAsync(15_000)
    expect(seen.adopted).toBe(2)
    await jest.advanceTimersByTimeAsync(10_000)
    expect(seen.adopted).toBeGreaterThan(2)
    await lease.stop()
  },
)

test('a gateway tells that it lives three times within each lease, so that two beats may get lost', async () => {
  const { lease, seen } = await startLease()
  await jest.advanceTimersByTimeAsync(4 * LEASE_MS)
  const times = [seen.startedAt, ...seen.beats]
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
  expect(gaps.length).toBeGreaterThan(0)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(LEASE_MS / 3)
  await lease.stop()
})

test('a gateway that stops says so, and does not wait for ever for a store that is away', async () => {
  const { lease, seen } = await startLease()
  seen.neverLeaves = true
  let stopped = false
  const stopping = lease.stop().then(() => (stopped = true))
  await jest.advanceTimersByTimeAsync(1999)
  expect([seen.left, stopped]).toEqual([1, false])
  await jest.advanceTimersByTimeAsync(100)
  await stopping
})
