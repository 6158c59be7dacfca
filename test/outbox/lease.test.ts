import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/base/log.ts'
import { Lease } from '../../src/outbox/lease.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** A gateway whose store can be away; how often it has looked for others' messages. */
async function startLease() {
  const seen = { adopted: 0, isAway: false, clockAheadMs: 0 }
  const reach = () => (seen.isAway ? Promise.reject(new Error('away')) : Promise.resolve())
  const store = {
    adopt: async () => {
      await reach()
      seen.adopted += 1
      return []
    },
    heartbeat: reach,
    leave: reach,
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
