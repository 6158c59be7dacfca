import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SendLimits, Wire } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import { HOUR_MS, newRateLimitedStore, type RateLimitedStore } from '../support/rate-limit-hold.ts'
import { ALL, finish, MINUTE_MS, newAlterableStore, newMessage } from '../support/stores.ts'

const DAY_MS = 24 * HOUR_MS
/** From a claim to the last moment at which its message reaches Divar. */
const ARRIVE_WITHIN_MS = 3000
/** Slices begin at times that this divides, so time passes in multiples of it. */
const SLICE_MS = 1000
const DAY_SLICE_MS = 600_000

const FAR_MS = 1e12

const PER_MINUTE: SendLimits = { perMinute: 5, perDay: undefined }
const PER_DAY: SendLimits = { perMinute: undefined, perDay: 5 }

describe.each(DATABASES)('pacing on %s', (kind) => {
  let at: RateLimitedStore
  beforeAll(async () => {
    at = await newRateLimitedStore(kind)
  })
  beforeEach(() => at.alter('delete from message; delete from pause; delete from pacing'))

  const claim = (limits: SendLimits, wire: Wire = 'v2', limit = ALL) =>
    at.store().claim('gw-1', wire, limit, { limits })
  const claimMany = async (limits: SendLimits) => (await claim(limits)).messages.length
  /** Acts as if this much time had passed since the sends that are counted. In two steps, so that no two rows are at the same time. */
  const pass = (ms: number) =>
    at.alter(
      `update pacing set starts_at = starts_at + ${FAR_MS}; update pacing set starts_at = starts_at - ${FAR_MS + ms}`,
    )

  test('claims as many messages as the limit allows, and no more until the first have left the window', async () => {
    await at.queue(12)
    expect(await claimMany(PER_MINUTE)).toBe(5)
    const held = await claim(PER_MINUTE)
    expect(held.messages).toEqual([])
    expect(held.pacedMs).toBe(held.nextInMs)
    expect(held.pacedMs).toBeGreaterThan(MINUTE_MS)
    expect(held.pacedMs).toBeLessThanOrEqual(MINUTE_MS + 4 * SLICE_MS)
    await pass(MINUTE_MS + ARRIVE_WITHIN_MS - SLICE_MS)
    expect(await claimMany(PER_MINUTE)).toBe(0)
    await pass(2 * SLICE_MS)
    expect(await claimMany(PER_MINUTE)).toBe(5)
  })

  test('holds a day’s limit for a day', async () => {
    await at.queue(12)
    expect(await claimMany(PER_DAY)).toBe(5)
    await pass(DAY_MS - DAY_SLICE_MS)
    const held = await claim(PER_DAY)
    expect(held.messages).toEqual([])
    expect(held.pacedMs).toBeLessThanOrEqual(3 * DAY_SLICE_MS)
    await pass(3 * DAY_SLICE_MS)
    expect(await claimMany(PER_DAY)).toBe(5)
  })

  test('stays under the lower of two limits', async () => {
    await at.queue(12)
    expect(await claimMany({ perMinute: 5, perDay: 8 })).toBe(5)
    await pass(2 * MINUTE_MS - ((2 * MINUTE_MS) % DAY_SLICE_MS) || DAY_SLICE_MS)
    expect(await claimMany({ perMinute: 5, perDay: 8 })).toBe(3)
    expect((await claim({ perMinute: 5, perDay: 8 })).pacedMs).toBeGreaterThan(HOUR_MS)
  })

  test('counts sends that were not queued, which leave less room, and never fails for them', async () => {
    await at.queue(12)
    await at.store().countSends(3, PER_MINUTE)
    expect(await claimMany(PER_MINUTE)).toBe(2)
    await at.store().countSends(30, PER_MINUTE)
    expect(await claimMany(PER_MINUTE)).toBe(0)
  })

  test('counts each retry as a send', async () => {
    await at.queue(1)
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const { messages } = await claim(PER_MINUTE)
      expect(messages).toHaveLength(1)
      await finish(at.store(), messages, { next: { state: 'queued', inMs: 0, unsure: false } })
    }
    expect(await claimMany(PER_MINUTE)).toBe(0)
  })

  test('holds back neither bot messages, which it counts, nor what goes to the company, which it does not', async () => {
    const more = (wire: Wire) => Array.from({ length: 7 }, () => newMessage({ wire }))
    await at.store().accept([...more('bot'), ...more('webhook'), ...more('event'), ...more('v1'), ...more('v2')])
    for (const wire of ['webhook', 'event'] as const) expect((await claim(PER_MINUTE, wire)).messages).toHaveLength(7)
    expect((await claim(PER_MINUTE, 'v1', 3)).messages).toHaveLength(3)
    expect((await claim(PER_MINUTE, 'v2')).messages).toHaveLength(2)
    expect((await claim(PER_MINUTE, 'bot')).messages).toHaveLength(7)
    expect((await claim(PER_MINUTE, 'v1')).pacedMs).toBeGreaterThan(0)
  })

  test('ignores sends that a clock that was ahead has counted', async () => {
    await at.queue(12)
    await at.store().countSends(5, PER_MINUTE)
    await pass(-HOUR_MS)
    expect(await claimMany(PER_MINUTE)).toBe(5)
    expect(await claimMany(PER_MINUTE)).toBe(0)
  })

  test('names no wait when nothing is due, although there is no room', async () => {
    await at.store().countSends(9, PER_MINUTE)
    expect(await claim(PER_MINUTE)).toEqual({ messages: [], nextInMs: undefined })
  })

  test('lets a probe of Divar’s rate limit go only when there is room', async () => {
    await at.queue(2)
    await at.store().holdForRateLimit({ retryAfterMs: 0 })
    await at.store().countSends(5, PER_MINUTE)
    expect(await claim(PER_MINUTE)).toMatchObject({ messages: [], heldMs: 0 })
    await pass(2 * MINUTE_MS)
    expect((await claim(PER_MINUTE)).messages).toMatchObject([{ isProbe: true }])
    await at.alter('delete from pause')
    expect(await claimMany(PER_MINUTE)).toBe(1)
  })

  test('never passes the limit in any minute, wherever it begins, and with the 3 s in which messages arrive', async () => {
    await at.store().accept(Array.from({ length: 200 }, () => newMessage()))
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 20 }).map((s) => s * SLICE_MS),
      limit: fc.integer({ min: 1, max: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 25 }), async (steps) => {
        await at.alter("delete from pacing; update message set state = 'queued', lease_owner = null, due_at = 0")
        const claims: { before: number; after: number; sends: number }[] = []
        let passedMs = 0
        for (const { passMs, limit } of steps) {
          if (passMs > 0) await pass(passMs)
          passedMs += passMs
          const before = performance.now() + passedMs
          const { messages } = await claim(PER_MINUTE, 'v2', limit)
          claims.push({ before, after: performance.now() + passedMs, sends: messages.length })
        }
        for (const { before: from } of claims) {
          const window = claims.filter(
            ({ before, after }) => before >= from && after < from + MINUTE_MS + ARRIVE_WITHIN_MS,
          )
          expect(window.reduce((sum, { sends }) => sum + sends, 0)).toBeLessThanOrEqual(5)
        }
      }),
      { numRuns: 4 },
    )
  })
})

describe.each(DATABASES)('claims of several gateways at once on %s', (kind) => {
  test('take no more than the limit together, and count what they take in the same commit', async () => {
    const at = await newAlterableStore(kind)
    const limits: SendLimits = { perMinute: 40, perDay: 1000 }
    await at.store().accept(Array.from({ length: 100 }, () => newMessage()))
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, index) => at.store().claim(`gw-${index % 3}`, 'v2', 7, { limits })),
    )
    expect(claims.flatMap(({ messages }) => messages)).toHaveLength(40)
    const counted = await at.read('select span_ms, sum(sends) as sends from pacing group by span_ms order by span_ms')
    expect(counted.map(({ sends }) => Number(sends))).toEqual([40, 40])
    const [sending] = await at.read("select count(*) as messages from message where state = 'sending'")
    expect(Number(sending?.['messages'])).toBe(40)
  })

  test('delete counts that no window needs any more', async () => {
    const at = await newAlterableStore(kind)
    const limits: SendLimits = { perMinute: 5, perDay: 50 }
    await at.store().accept(Array.from({ length: 9 }, () => newMessage()))
    await at.store().claim('gw-1', 'v2', 1, { limits })
    await at.alter(`update pacing set starts_at = starts_at - ${2 * DAY_MS}`)
    await at.store().claim('gw-1', 'v2', 1, { limits })
    const left = await at.read('select sends from pacing')
    expect(left.map(({ sends }) => Number(sends))).toEqual([1, 1])
  })
})
