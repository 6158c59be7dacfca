import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { DATABASES } from '../support/databases.ts'
import { HOUR_MS, newRateLimitedStore, WITHOUT_RETRY_AFTER, type RateLimitedStore } from '../support/rate-limit-hold.ts'
import {
  acceptedAndClaimed,
  claimed,
  claimedOne,
  finish,
  idsOf,
  MINUTE_MS,
  newMessage,
  ALL,
} from '../support/stores.ts'

describe.each(DATABASES)('a rate-limit hold on %s', (kind) => {
  let at: RateLimitedStore
  beforeAll(async () => {
    at = await newRateLimitedStore(kind)
  })
  beforeEach(() => at.alter('delete from message; delete from pause'))

  test('delays queued messages to Divar, last tries too, but not the webhook or messages outside the order', async () => {
    const held = [await acceptedAndClaimed(at.store()), await acceptedAndClaimed(at.store(), { wire: 'v1' })]
    const notice = await acceptedAndClaimed(at.store(), { wire: 'webhook' })
    const aside = newMessage({ leasedTo: 'gw-1' })
    const lastTry = newMessage({ tryForMs: 1 })
    await at.store().accept([aside, lastTry, newMessage({ wire: 'v1' }), newMessage({ wire: 'webhook' })])
    await at.store().holdForRateLimit({ retryAfterMs: MINUTE_MS })
    const begun = await at.store().begin('gw-1', idsOf([...held, notice, aside]))
    expect(begun.map(({ id }) => id).sort()).toEqual(idsOf([notice, aside]).sort())
    for (const wire of ['v1', 'v2'] as const) {
      const { messages, nextInMs } = await at.store().claim('gw-1', wire, 10)
      expect(messages).toEqual([])
      expect(nextInMs).toBeGreaterThan(MINUTE_MS / 2)
      expect(nextInMs).toBeLessThanOrEqual(MINUTE_MS)
    }
    expect(await claimed(at.store(), 'gw-1', 10, 'webhook')).toHaveLength(1)
  })

  test('with a time from Divar never becomes shorter', async () => {
    await at.store().holdForRateLimit({ retryAfterMs: 2 * MINUTE_MS })
    await at.store().holdForRateLimit({ retryAfterMs: 1 })
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    expect(await at.heldMs()).toBeGreaterThan(MINUTE_MS)
    await at.store().holdForRateLimit({ retryAfterMs: 3 * MINUTE_MS })
    expect(await at.heldMs()).toBeGreaterThan(2 * MINUTE_MS)
  })

  test('begins with its outcome, even if that is committed after its lease ended', async () => {
    const aside = newMessage({ leasedTo: 'gw-1' })
    await at.store().accept([aside])
    const late = { id: aside.id, conversation: '', inLine: false }
    const limit = { retryAfterMs: 9 * MINUTE_MS }
    expect(await finish(at.store(), [late], { owner: 'gw-2', limit })).toEqual([])
    expect(await at.heldMs()).toBeGreaterThan(8 * MINUTE_MS)
  })

  test('without a time lasts a minute, doubled whenever its probe is rate-limited again, up to 15 minutes', async () => {
    await at.queue(3)
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    expect(Math.round(((await at.heldMs()) ?? 0) / MINUTE_MS)).toBe(1)
    for (const minutes of [2, 4, 8, 15, 15]) expect(await at.limitedAgain()).toBe(minutes)
  })

  test('doubles once for any number of rate-limited sends', async () => {
    const begun = [await acceptedAndClaimed(at.store()), await acceptedAndClaimed(at.store())]
    await at.store().begin('gw-1', idsOf(begun))
    await at.queue(1)
    for (const message of begun) await at.end(message, { limit: WITHOUT_RETRY_AFTER })
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    expect(await at.heldMs()).toBeLessThanOrEqual(MINUTE_MS)
    expect(await at.limitedAgain()).toBe(2)
    for (let sends = 0; sends < 5; sends += 1) await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    expect(await at.heldMs()).toBeLessThanOrEqual(2 * MINUTE_MS)
  })

  test('does not double for a send that began before it and is answered later', async () => {
    const slow = await acceptedAndClaimed(at.store())
    await at.store().begin('gw-1', [slow.id])
    await at.alter(`update attempt set begun_at = begun_at - ${2 * MINUTE_MS}`)
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    await at.pass(MINUTE_MS)
    await at.end(slow, { limit: WITHOUT_RETRY_AFTER })
    expect(await at.heldMs()).toBe(0)
  })

  test('ends for all gateways with the first delivery, and the next one without a time lasts a minute again', async () => {
    await at.queue(3)
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    expect(await at.limitedAgain()).toBe(2)
    await at.pass(2 * MINUTE_MS)
    await at.deliver(await at.probed('gw-2'), 'gw-2')
    const { messages, heldMs: left } = await at.store().claim('gw-1', 'v2', ALL)
    expect({ messages: messages.length, left }).toEqual({ messages: 2, left: undefined })
    expect(messages).toMatchObject([{ isProbe: false }, { isProbe: false }])
    expect(await at.store().begin('gw-1', idsOf(messages))).toHaveLength(2)
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    await at.queue(1)
    expect(await at.heldMs()).toBeLessThanOrEqual(MINUTE_MS)
  })

  test.each(['with a key', 'without a key'])(
    'starts again at a minute after a synchronous send %s was delivered',
    async (how) => {
      await at.queue(2)
      await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
      expect(await at.limitedAgain()).toBe(2)
      // So that the send is begun later than the pause, by a clock of milliseconds.
      await at.pass(1)
      if (how === 'with a key') {
        const aside = newMessage({ leasedTo: 'gw-1' })
        await at.store().accept([aside])
        await at.store().begin('gw-1', [aside.id])
        const attempt = { number: 1, outcome: 'delivered' }
        await finish(at.store(), [{ id: aside.id, conversation: '', inLine: false }], { attempt })
      } else await at.store().resetRateLimitBackoff()
      expect(await at.heldMs()).toBeGreaterThan(MINUTE_MS)
      expect(await at.limitedAgain()).toBe(1)
    },
  )

  test('is not ended by the delivery of a message that was sent before it', async () => {
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    await at.pass(MINUTE_MS)
    await at.alter('update pause set unconfirmed = 0')
    const [early, other] = [await acceptedAndClaimed(at.store()), await acceptedAndClaimed(at.store())]
    await at.store().begin('gw-1', [early.id, other.id])
    await at.alter(`update attempt set begun_at = begun_at - ${MINUTE_MS / 2}`)
    await at.end(other, { limit: { retryAfterMs: MINUTE_MS } })
    await at.deliver(early)
    expect(await at.heldMs()).toBeGreaterThan(MINUTE_MS / 2)
    expect(await at.limitedAgain()).toBe(2)
  })

  test('that was written by a clock that was ahead is over', async () => {
    await at.queue(2)
    await at.store().holdForRateLimit({ retryAfterMs: HOUR_MS })
    await at.pass(-2 * HOUR_MS)
    await at.store().correctFutureTimes()
    await at.pass(2 * HOUR_MS)
    const [first] = await claimed(at.store(), 'gw-1', 1)
    expect(first).toMatchObject({ isProbe: false })
    expect((await claimedOne(at.store())).isProbe).toBe(false)
  })
})
