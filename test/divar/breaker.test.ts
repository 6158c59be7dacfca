import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { createBreaker, type Breaker } from '../../src/divar/deliver.ts'
import type { Outcome } from '../../src/divar/outcome.ts'
import { DOWN, OPEN_MS, startBreaker as start, UP, type TestBreaker } from '../support/breaker.ts'

const BUSY: Outcome = { kind: 'not_sent', cause: 'local', reason: 'no socket in time' }
const NEXT_SECOND: Outcome = { kind: 'unavailable', retryAfterSeconds: 1 }

/** Waits for the breaker's own time to be over, by asking it. */
async function untilDue(breaker: Breaker): Promise<void> {
  while (breaker.capacity() === 0) await sleep(breaker.opensInMs())
}

async function startOpen(openMs = OPEN_MS): Promise<TestBreaker> {
  const breaker = start({ openMs })
  await breaker.ends(DOWN, 3)
  expect(breaker.state()).toBe('open')
  return breaker
}

/** Stops the breaker's clock, so that the results do not depend on the speed of the machine. */
function stopClock(): void {
  const now = Math.floor(performance.now())
  jest.spyOn(performance, 'now').mockReturnValue(now)
}

/** Work that runs until the test ends it. */
function heldWork() {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  let begun = 0
  const work = () => {
    begun += 1
    return promise
  }
  return { work, end: resolve, begun: () => begun }
}

/** Work that may not begin. */
const never = () => Promise.reject(new Error('the breaker let it through'))

afterEach(() => {
  jest.restoreAllMocks()
})

describe('closed', () => {
  test('it allows every call', async () => {
    const breaker = start()
    const works = Array.from({ length: 200 }, heldWork)
    const running = works.map(({ work }) => breaker.run(work))
    expect(works.every(({ begun }) => begun() === 1)).toBe(true)
    expect([breaker.state(), breaker.capacity(), breaker.opensInMs()]).toEqual(['closed', Infinity, 0])
    for (const { end } of works) end(UP)
    expect(await Promise.all(running)).toEqual(works.map(() => UP))
  })

  test('it opens after the configured number of failures in a row', async () => {
    const breaker = start({ failures: 4 })
    await breaker.ends(DOWN, 3)
    expect([breaker.state(), breaker.told]).toEqual(['closed', []])
    await breaker.ends(DOWN)
    expect([breaker.state(), breaker.told]).toEqual(['open', ['open']])
  })

  test('by default it opens after ten failures, for five seconds', async () => {
    stopClock()
    const breaker = createBreaker({ onChange: () => undefined })
    for (let time = 0; time < 10; time += 1) {
      expect(breaker.state()).toBe('closed')
      await breaker.run(() => Promise.resolve(DOWN))
    }
    expect(breaker.state()).toBe('open')
    expect(breaker.opensInMs()).toBe(5000)
    expect(await breaker.run(never)).toEqual({ kind: 'unavailable', retryAfterSeconds: 5 })
  })

  test('one success resets the count of failures', async () => {
    const breaker = start()
    await breaker.ends(DOWN, 2)
    await breaker.ends(UP)
    await breaker.ends(DOWN, 2)
    expect(breaker.state()).toBe('closed')
    await breaker.ends(DOWN)
    expect(breaker.state()).toBe('open')
  })

  test('failures that end together are counted one by one', async () => {
    const breaker = start()
    const works = Array.from({ length: 20 }, heldWork)
    const running = works.map(({ work }) => breaker.run(work))
    for (const { end } of works) end(DOWN)
    expect(await Promise.all(running)).toEqual(works.map(() => DOWN))
    expect(breaker.told).toEqual(['open'])
  })

  test('a call that throws passes its error on and is not counted', async () => {
    const breaker = start()
    await breaker.ends(DOWN, 2)
    await expect(breaker.run(() => Promise.reject(new Error('ours')))).rejects.toThrow('ours')
    expect(breaker.state()).toBe('closed')
    await breaker.ends(DOWN)
    expect(breaker.state()).toBe('open')
  })
})

describe('open', () => {
  test('it refuses calls at once', async () => {
    stopClock()
    const breaker = await startOpen(5000)
    expect([breaker.capacity(), breaker.told]).toEqual([0, ['open']])
    expect(breaker.opensInMs()).toBe(5000)
    expect(await breaker.run(never)).toEqual({ kind: 'unavailable', retryAfterSeconds: 5 })
  })

  test('it says after how many seconds to retry, rounded up', async () => {
    stopClock()
    const breaker = await startOpen(60_900)
    expect(await breaker.run(never)).toEqual({ kind: 'unavailable', retryAfterSeconds: 61 })
  })

  test('it allows one call when its time is over', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    expect([breaker.state(), breaker.capacity(), breaker.opensInMs()]).toEqual(['open', 1, 0])
  })

  test('a wall clock that is set back does not keep it open', async () => {
    const breaker = await startOpen()
    const hourAgo = Date.now() - 3_600_000
    jest.spyOn(Date, 'now').mockReturnValue(hourAgo)
    await untilDue(breaker)
    await breaker.ends(UP)
    expect(breaker.state()).toBe('closed')
  })

  test('successes of calls that began earlier do not close it', async () => {
    const breaker = start()
    const { work, end } = heldWork()
    const early = breaker.run(work)
    await breaker.ends(DOWN, 3)
    end(UP)
    expect(await early).toBe(UP)
    expect(breaker.told).toEqual(['open'])
  })
})

describe('half open', () => {
  test('it allows exactly one of many calls and refuses the others at once', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    const { work, end, begun } = heldWork()
    const [probe, ...others] = Array.from({ length: 50 }, () => breaker.run(work))
    expect([breaker.state(), breaker.capacity(), begun()]).toEqual(['half_open', 0, 1])
    expect(breaker.opensInMs()).toBeGreaterThan(0)
    expect(await Promise.all(others)).toEqual(others.map(() => NEXT_SECOND))
    end(UP)
    expect(await probe).toBe(UP)
    expect(begun()).toBe(1)
  })

  test('a success closes it, and the count starts at zero', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    await breaker.ends(UP)
    expect([breaker.state(), breaker.capacity()]).toEqual(['closed', Infinity])
    await breaker.ends(DOWN, 2)
    expect([breaker.state(), breaker.told]).toEqual(['closed', ['open', 'half_open', 'closed']])
  })

  test('each failure opens it again for the full time', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    for (const _ of [1, 2]) {
      const before = performance.now()
      await breaker.ends(DOWN)
      expect(breaker.state()).toBe('open')
      await untilDue(breaker)
      expect(performance.now() - before).toBeGreaterThanOrEqual(OPEN_MS)
    }
    await breaker.ends(UP)
    expect(breaker.told).toEqual(['open', 'half_open', 'open', 'half_open', 'open', 'half_open', 'closed'])
  })

  test('a probe without a verdict on the host opens it again', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    await breaker.ends(BUSY)
    expect(breaker.state()).toBe('open')
  })

  test('a probe that throws opens it again, and passes its error on', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    await expect(breaker.run(() => Promise.reject(new Error('ours')))).rejects.toThrow('ours')
    expect(breaker.told).toEqual(['open', 'half_open', 'open'])
  })

  test('a probe that never ends is given up after 90 seconds, and another call probes', async () => {
    const breaker = await startOpen()
    await untilDue(breaker)
    const stuck = heldWork()
    const first = breaker.run(stuck.work)
    const later = performance.now() + 90_000
    jest.spyOn(performance, 'now').mockReturnValue(later)
    expect([breaker.state(), breaker.capacity(), breaker.opensInMs()]).toEqual(['half_open', 1, 0])
    const { work, end } = heldWork()
    const second = breaker.run(work)
    expect(await breaker.run(never)).toEqual(NEXT_SECOND)
    stuck.end(DOWN)
    await first
    expect(breaker.state()).toBe('half_open')
    end(UP)
    await second
    expect(breaker.told).toEqual(['open', 'half_open', 'closed'])
  })

  test.each([
    ['failures', DOWN],
    ['successes', UP],
  ])('%s of calls that began before the outage do not decide in place of the probe', async (_, outcome) => {
    const breaker = start()
    const old = heldWork()
    const early = breaker.run(old.work)
    await breaker.ends(DOWN, 3)
    await untilDue(breaker)
    const { work, end } = heldWork()
    const probe = breaker.run(work)
    old.end(outcome)
    expect(await early).toBe(outcome)
    expect(breaker.state()).toBe('half_open')
    end(UP)
    expect(await probe).toBe(UP)
    expect(breaker.told).toEqual(['open', 'half_open', 'closed'])
  })
})
