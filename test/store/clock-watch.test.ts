import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { ClockWatch } from '../../src/store/clock-watch.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** A database whose clock can be set, last heard of at some time before. */
function startWatch({ lastTrustedAgoMs }: { lastTrustedAgoMs?: number } = {}) {
  const database = {
    aheadMs: 0,
    /** After each reading. */
    jumpsByMs: 0,
    lastTrustedMs: lastTrustedAgoMs === undefined ? null : Date.now() - lastTrustedAgoMs,
  }
  const now = () => Date.now() + database.aheadMs
  const watch = new ClockWatch(
    {
      readClock: () => {
        const reading = { nowMs: now(), lastTrustedMs: database.lastTrustedMs }
        database.aheadMs += database.jumpsByMs
        return Promise.resolve(reading)
      },
      confirmClock: (nowMs) => {
        database.lastTrustedMs = nowMs
        return Promise.resolve()
      },
    },
    createLogger('silent'),
    10 * MINUTE_MS,
  )
  /** Whether something may be deleted so much later; it is asked every 30 s. */
  const after = async (minutes: number): Promise<boolean> => {
    let may = await watch.mayDelete()
    for (let halves = 0; halves < minutes * 2; halves += 1) {
      jest.advanceTimersByTime(MINUTE_MS / 2)
      may = await watch.mayDelete()
    }
    return may
  }
  return { watch, database, after }
}

test('nothing is deleted in the first 10 minutes after a start, then old rows are', async () => {
  const { after } = startWatch({ lastTrustedAgoMs: 2 * MINUTE_MS })
  expect(await after(9)).toBe(false)
  expect(await after(1)).toBe(true)
})

test('while the clock is a day ahead, for half an hour, nothing is deleted; deletion resumes when it is set right', async () => {
  const { watch, database, after } = startWatch()
  expect(await after(10)).toBe(true)
  database.aheadMs = DAY_MS
  expect(await after(0)).toBe(false)
  expect(watch.status.isClockDoubted).toBe(true)
  expect(await after(30)).toBe(false)
  database.aheadMs = 0
  expect(await after(0)).toBe(true)
  expect(watch.status.isClockDoubted).toBe(false)
})

test('a clock that was set once and stays for an hour is trusted', async () => {
  const { database, after } = startWatch()
  await after(10)
  database.aheadMs = -DAY_MS
  expect(await after(59)).toBe(false)
  expect(await after(2)).toBe(true)
})

test('a correction of less than 5 minutes does not stop deletion', async () => {
  const { database, after } = startWatch()
  await after(10)
  database.aheadMs = 4 * MINUTE_MS
  expect(await after(0)).toBe(true)
})

test.each([31, -31])('a start %i days from the last heartbeat deletes nothing for an hour', async (days) => {
  const { after } = startWatch({ lastTrustedAgoMs: days * DAY_MS })
  expect(await after(59)).toBe(false)
  expect(await after(2)).toBe(true)
})

test('a start with a clock 31 days ahead that is soon set right deletes old rows after 10 minutes', async () => {
  const { database, after } = startWatch({ lastTrustedAgoMs: 0 })
  database.aheadMs = 31 * DAY_MS
  expect(await after(5)).toBe(false)
  database.aheadMs = 0
  expect(await after(5)).toBe(true)
})

test('a start while the clock is wrong does not make the wrong time the last heartbeat', async () => {
  const { database, after } = startWatch({ lastTrustedAgoMs: 0 })
  const before = database.lastTrustedMs
  database.aheadMs = 31 * DAY_MS
  await after(30)
  expect(database.lastTrustedMs).toBe(before)
})

test('a clock that jumps just after it was checked is not the time by which anything is deleted', async () => {
  const { database, after } = startWatch()
  await after(10)
  database.jumpsByMs = DAY_MS
  const before = Date.now()
  expect(await after(0)).toBe(true)
  expect(database.lastTrustedMs).toBe(before)
})
