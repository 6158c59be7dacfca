import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { createHeartbeat } from '../../src/outbox/heartbeat.ts'
import type { Leased } from '../../src/store/store.ts'
import { LEASE_MS } from '../../src/store/queries/claim.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** A gateway whose store can be away; how often it has looked for others' messages. */
async function startHeartbeat(...leased: readonly Leased[][]) {
  const batches = [...leased]
  const settled: string[] = []
  const locked = new Set<string>()
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
      return batches.shift() ?? []
    },
    heartbeat: async () => {
      await reach()
      beats.push(performance.now())
    },
    leave: async () => {
      seen.left += 1
      await (seen.neverLeaves ? new Promise(() => undefined) : reach())
    },
    readClock: () => Promise.resolve({ nowMs: performance.now() + seen.clockAheadMs, lastTrustedMs: null }),
  }
  const attempts = { owner: 'gw-1', isLocked: (id: string) => locked.has(id) }
  const heartbeat = createHeartbeat({
    store,
    attempts,
    settleAbandoned: ({ id }) => {
      settled.push(id)
      return Promise.resolve()
    },
    log: createLogger('silent'),
  })
  await heartbeat.start()
  return { heartbeat, seen, settled, locked }
}

test('abandoned messages are searched for every 5 s, also after a short outage of the store', async () => {
  const { heartbeat, seen } = await startHeartbeat()
  await jest.advanceTimersByTimeAsync(10_000)
  expect(seen.adopted).toBe(3)
  seen.isAway = true
  await jest.advanceTimersByTimeAsync(10_000)
  seen.isAway = false
  await jest.advanceTimersByTimeAsync(5000)
  expect(seen.adopted).toBe(4)
  await heartbeat.stop()
})

test('nothing is taken over directly after a long outage of the store: the other gateways were cut off as well', async () => {
  const { heartbeat, seen } = await startHeartbeat()
  seen.isAway = true
  await jest.advanceTimersByTimeAsync(35_000)
  seen.isAway = false
  await jest.advanceTimersByTimeAsync(15_000)
  expect(seen.adopted).toBe(1)
  await jest.advanceTimersByTimeAsync(10_000)
  expect(seen.adopted).toBeGreaterThan(1)
  await heartbeat.stop()
})

test.each([
  ['ahead', 86_400_000],
  ['back', -86_400_000],
])(
  'nothing is taken over directly after the clock has jumped %s: the other gateways still renew their leases',
  async (_, byMs) => {
    const { heartbeat, seen } = await startHeartbeat()
    await jest.advanceTimersByTimeAsync(5000)
    expect(seen.adopted).toBe(2)
    seen.clockAheadMs = byMs
    await jest.advanceTimersByTimeAsync(15_000)
    expect(seen.adopted).toBe(2)
    await jest.advanceTimersByTimeAsync(10_000)
    expect(seen.adopted).toBeGreaterThan(2)
    await heartbeat.stop()
  },
)

test('a gateway renews its lease three times within its duration, so that two renewals may fail', async () => {
  const { heartbeat, seen } = await startHeartbeat()
  await jest.advanceTimersByTimeAsync(4 * LEASE_MS)
  const times = [seen.startedAt, ...seen.beats]
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
  expect(gaps.length).toBeGreaterThan(0)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(LEASE_MS / 3)
  await heartbeat.stop()
})

test('a gateway that stops gives up its lease and does not wait forever for an unavailable store', async () => {
  const { heartbeat, seen } = await startHeartbeat()
  seen.neverLeaves = true
  let stopped = false
  const stopping = heartbeat.stop().then(() => (stopped = true))
  await jest.advanceTimersByTimeAsync(1999)
  expect([seen.left, stopped]).toEqual([1, false])
  await jest.advanceTimersByTimeAsync(100)
  await stopping
})

function leased(id: string, takenOver: boolean): Leased {
  return {
    id,
    caller: 'orders',
    wire: 'v2',
    conversation: id,
    inLine: true,
    atLeastOnce: false,
    unsure: false,
    attempts: 1,
    tryForMs: 60_000,
    requestId: 'req_1',
    body: undefined,
    isProbe: false,
    attemptOpen: true,
    takenOver,
  }
}

test('a start first settles all abandoned messages, any number of them', async () => {
  const { heartbeat, settled } = await startHeartbeat([leased('1', true), leased('2', true)], [leased('3', true)])
  expect(settled).toEqual(['1', '2', '3'])
  await heartbeat.stop()
})

test('a message that this gateway has claimed but does not work on is settled the second time it is found', async () => {
  const stray = leased('stray', false)
  const { heartbeat, settled } = await startHeartbeat([stray], [stray])
  expect(settled).toEqual([])
  await jest.advanceTimersByTimeAsync(5000)
  expect(settled).toEqual(['stray'])
  await heartbeat.stop()
})

test('a message that is being worked on is never settled as abandoned', async () => {
  const busy = leased('busy', false)
  const { heartbeat, settled, locked } = await startHeartbeat([], [busy], [busy], [busy])
  locked.add('busy')
  await jest.advanceTimersByTimeAsync(20_000)
  expect(settled).toEqual([])
  await heartbeat.stop()
})

test('a message that cannot be settled is tried once a round, and does not keep the others waiting', async () => {
  const [one, other] = [leased('1', true), leased('2', true)]
  const { heartbeat, seen, settled } = await startHeartbeat([one], [one], [one, other], [one], [])
  expect({ settled, adopted: seen.adopted }).toEqual({ settled: ['1'], adopted: 2 })
  await jest.advanceTimersByTimeAsync(5000)
  expect({ settled, adopted: seen.adopted }).toEqual({ settled: ['1', '1', '2'], adopted: 4 })
  await heartbeat.stop()
})
