import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Claimed } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  HOUR_MS,
  newRateLimitedStore,
  PROBE_LEASE_MS,
  WITHOUT_RETRY_AFTER,
  type RateLimitedStore,
} from '../support/rate-limit-hold.ts'
import { acceptedAndClaimed, claimed, ALL, MINUTE_MS, newMessage, newStore } from '../support/stores.ts'

describe.each(DATABASES)('after a rate-limit hold on %s', (kind) => {
  let at: RateLimitedStore
  beforeAll(async () => {
    at = await newRateLimitedStore(kind)
  })
  beforeEach(() => at.alter('delete from message; delete from pause'))

  test('one message is sent first, over all gateways and wires, and no other until it has finished', async () => {
    const store = await newStore(kind)
    const old = await acceptedAndClaimed(store, {}, 'gw-3')
    await store.accept(Array.from({ length: 20 }, () => newMessage()))
    await store.accept([newMessage({ wire: 'v1' })])
    await store.holdForRateLimit({ retryAfterMs: 0 })
    const claims = await Promise.all(
      ['gw-1', 'gw-2', 'gw-1', 'gw-2'].map((owner, index) =>
        store.claim(owner, index < 2 ? 'v2' : 'v1', ALL, { probeLeaseMs: PROBE_LEASE_MS }),
      ),
    )
    const probes = claims.flatMap(({ messages }) => messages)
    expect(probes).toMatchObject([{ isProbe: true }])
    for (const { nextInMs, heldMs } of claims) {
      expect(nextInMs).toBeGreaterThan(0)
      expect(nextInMs).toBeLessThan(2 * PROBE_LEASE_MS)
      expect(heldMs).toBe(0)
    }
    // What was claimed before the pause waits too.
    expect(await store.begin('gw-3', [old.id])).toEqual([])
  })

  test('a gateway that could not send at once leaves the probe to another', async () => {
    await at.queue(2)
    await at.store().holdForRateLimit({ retryAfterMs: MINUTE_MS })
    await at.pass(MINUTE_MS)
    const busy = await at.store().claim('gw-1', 'v2', ALL, { probeLeaseMs: PROBE_LEASE_MS, mayProbe: false })
    expect(busy).toEqual({ messages: [], nextInMs: undefined, heldMs: 0 })
    await at.deliver(await at.probed('gw-2'), 'gw-2')
    expect(await at.heldMs()).toBeUndefined()
  })

  test.each([
    ['another outcome', (probe: Claimed) => at.end(probe, { attempt: { number: 1, outcome: 'platform_error' } })],
    ['a final refusal', (probe: Claimed) => at.end(probe, { next: { state: 'rejected' } })],
    ['no attempt', (probe: Claimed) => at.store().release('gw-1', [probe.id])],
  ])('the next message probes when the first ended with %s', async (_how, endProbe) => {
    await at.queue(2)
    await at.store().holdForRateLimit({ retryAfterMs: MINUTE_MS })
    await at.pass(MINUTE_MS)
    await endProbe(await at.probed())
    await at.deliver(await at.probed('gw-2'), 'gw-2')
    expect(await at.heldMs()).toBeUndefined()
  })

  test('the next message probes when the first was lost, once its lease has ended', async () => {
    await at.queue(2)
    await at.store().holdForRateLimit(WITHOUT_RETRY_AFTER)
    await at.pass(MINUTE_MS)
    const lost = await at.probed()
    expect(await claimed(at.store(), 'gw-2')).toEqual([])
    await at.pass(PROBE_LEASE_MS)
    const next = await at.probed('gw-2')
    expect(next.id).not.toBe(lost.id)
    // What the lost one says later is no probe's word any more.
    await at.deliver(lost)
    expect(await claimed(at.store(), 'gw-3')).toEqual([])
    await at.deliver(next, 'gw-2')
    expect(await at.heldMs()).toBeUndefined()
  })

  test('one message probes after an hour of any hold, and after each further hour', async () => {
    await at.queue(4)
    await at.store().holdForRateLimit({ retryAfterMs: 24 * HOUR_MS })
    const { nextInMs, messages } = await at.store().claim('gw-1', 'v2', ALL)
    expect(messages).toEqual([])
    expect(nextInMs).toBeGreaterThan(HOUR_MS - MINUTE_MS)
    expect(nextInMs).toBeLessThanOrEqual(HOUR_MS)
    await at.pass(HOUR_MS)
    await at.end(await at.probed(), { limit: { retryAfterMs: 23 * HOUR_MS } })
    expect(await claimed(at.store(), 'gw-2')).toEqual([])
    await at.pass(HOUR_MS)
    await at.end(await at.probed(), { attempt: { number: 1, outcome: 'platform_error', status: 503 } })
    expect(await claimed(at.store(), 'gw-2')).toEqual([])
    expect(await at.heldMs()).toBeGreaterThan(21 * HOUR_MS)
    await at.pass(HOUR_MS)
    await at.deliver(await at.probed())
    expect(await at.heldMs()).toBeUndefined()
  })

  test('one message probes after an hour, even if sends keep extending the hold', async () => {
    await at.queue(1)
    for (let minutes = 0; minutes < 60; minutes += 20) {
      await at.store().holdForRateLimit({ retryAfterMs: HOUR_MS })
      await at.pass(20 * MINUTE_MS)
    }
    await at.probed()
  })

  test('all messages are sent when its time is over, if the previous version wrote it, which has no probe', async () => {
    await at.queue(3)
    await at.store().holdForRateLimit({ retryAfterMs: 1 })
    await at.alter('delete from pause; insert into pause (id, until) select 1, max(created_at) + 60000 from message')
    expect(await claimed(at.store())).toEqual([])
    await at.alter('update pause set until = until - 60001')
    expect(await claimed(at.store())).toHaveLength(3)
  })
})
