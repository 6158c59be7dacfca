import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Claimed, Finish } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  ALL,
  claimed,
  claimedOne,
  finish,
  idsOf,
  MINUTE_MS,
  newAlterableStore,
  newMessage,
  type AlterableStore,
} from '../support/stores.ts'

const HOUR_MS = 60 * MINUTE_MS
const LEASE_MS = 10_000
const UNNAMED = { retryAfterMs: undefined }

describe.each(DATABASES)('a pause on %s', (kind) => {
  let at: AlterableStore
  beforeAll(async () => {
    at = await newAlterableStore(kind)
  })
  beforeEach(() => at.alter('delete from message; delete from pause'))

  const pausedMs = async () => (await at.store().claim('gw-1', 'v2', ALL, LEASE_MS)).pausedMs
  /** As if so much time had gone by. */
  const pass = (ms: number) =>
    at.alter(
      `update pause set until = until - ${ms}, set_at = set_at - ${ms}, probe_until = probe_until - ${ms}, probe_due = probe_due - ${ms};
       update message set due_at = due_at - ${ms} where due_at is not null`,
    )
  const queue = async (messages: number) => {
    const queued = Array.from({ length: messages }, () => newMessage())
    await at.store().accept(queued)
    return queued
  }
  /** The one message that probes, begun. */
  const probed = async (owner = 'gw-1'): Promise<Claimed> => {
    const { messages } = await at.store().claim(owner, 'v2', ALL, LEASE_MS)
    expect(messages).toMatchObject([{ isProbe: true }])
    const [probe] = messages
    if (probe === undefined) throw new Error('none probes')
    expect(await at.store().begin(owner, [probe.id])).toHaveLength(1)
    return probe
  }
  const end = (message: Claimed, more: Partial<Finish>, owner = 'gw-1') =>
    finish(at.store(), [message], {
      owner,
      attempt: { number: message.attempts + 1, outcome: 'rate_limited' },
      next: { state: 'queued', inMs: 1, unsure: false },
      ...more,
    })
  const deliver = (message: Claimed, owner?: string) =>
    end(
      message,
      { attempt: { number: message.attempts + 1, outcome: 'delivered' }, next: { state: 'delivered' } },
      owner,
    )
  /** The pause that follows a probe's 429, in minutes. */
  const limitedAgain = async () => {
    await pass(15 * MINUTE_MS)
    await end(await probed(), { limit: UNNAMED })
    return Math.round(((await pausedMs()) ?? 0) / MINUTE_MS)
  }

  test('holds back what is queued for Divar, but for the webhook and for what stands in no line', async () => {
    const held = [await acceptedAndClaimed(at.store()), await acceptedAndClaimed(at.store(), { wire: 'v1' })]
    const notice = await acceptedAndClaimed(at.store(), { wire: 'webhook' })
    const aside = newMessage({ leasedTo: 'gw-1' })
    await at.store().accept([aside, newMessage(), newMessage({ wire: 'v1' }), newMessage({ wire: 'webhook' })])
    await at.store().pause({ retryAfterMs: MINUTE_MS })
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

  test('that Divar names only grows', async () => {
    await at.store().pause({ retryAfterMs: 2 * MINUTE_MS })
    await at.store().pause({ retryAfterMs: 1 })
    await at.store().pause(UNNAMED)
    expect(await pausedMs()).toBeGreaterThan(MINUTE_MS)
    await at.store().pause({ retryAfterMs: 3 * MINUTE_MS })
    expect(await pausedMs()).toBeGreaterThan(2 * MINUTE_MS)
  })

  test('begins with the outcome that asks for it, also when that comes too late for its lease', async () => {
    const aside = newMessage({ leasedTo: 'gw-1' })
    await at.store().accept([aside])
    const late = { id: aside.id, conversation: '', inLine: false }
    const limit = { retryAfterMs: 9 * MINUTE_MS }
    expect(await finish(at.store(), [late], { owner: 'gw-2', limit })).toEqual([])
    expect(await pausedMs()).toBeGreaterThan(8 * MINUTE_MS)
  })

  test('without a time is a minute, doubled each time that its probe meets a limit again, up to 15 minutes', async () => {
    await queue(3)
    await at.store().pause(UNNAMED)
    expect(Math.round(((await pausedMs()) ?? 0) / MINUTE_MS)).toBe(1)
    for (const minutes of [2, 4, 8, 15, 15]) expect(await limitedAgain()).toBe(minutes)
  })

  test('doubles once, however many sends met it', async () => {
    const begun = [await acceptedAndClaimed(at.store()), await acceptedAndClaimed(at.store())]
    await at.store().begin('gw-1', idsOf(begun))
    await queue(1)
    for (const message of begun) await end(message, { limit: UNNAMED })
    await at.store().pause(UNNAMED)
    expect(await pausedMs()).toBeLessThanOrEqual(MINUTE_MS)
    expect(await limitedAgain()).toBe(2)
    for (let sends = 0; sends < 5; sends += 1) await at.store().pause(UNNAMED)
    expect(await pausedMs()).toBeLessThanOrEqual(2 * MINUTE_MS)
  })

  test('does not double for a send that was on its way before it, and is answered after it', async () => {
    const slow = await acceptedAndClaimed(at.store())
    await at.store().begin('gw-1', [slow.id])
    await at.alter(`update attempt set begun_at = begun_at - ${2 * MINUTE_MS}`)
    await at.store().pause(UNNAMED)
    await pass(MINUTE_MS)
    await end(slow, { limit: UNNAMED })
    expect(await pausedMs()).toBe(0)
  })

  test('is over for all gateways with the first delivery, and the next one without a time is a minute again', async () => {
    await queue(3)
    await at.store().pause(UNNAMED)
    expect(await limitedAgain()).toBe(2)
    await pass(2 * MINUTE_MS)
    await deliver(await probed('gw-2'), 'gw-2')
    const { messages, pausedMs: left } = await at.store().claim('gw-1', 'v2', ALL)
    expect({ messages: messages.length, left }).toEqual({ messages: 2, left: undefined })
    expect(messages).toMatchObject([{ isProbe: false }, { isProbe: false }])
    expect(await at.store().begin('gw-1', idsOf(messages))).toHaveLength(2)
    await at.store().pause(UNNAMED)
    await queue(1)
    expect(await pausedMs()).toBeLessThanOrEqual(MINUTE_MS)
  })

  test.each(['with a key', 'without one'])(
    'is a minute again after a synchronous send %s was delivered',
    async (how) => {
      await queue(2)
      await at.store().pause(UNNAMED)
      expect(await limitedAgain()).toBe(2)
      // So that the send is begun later than the pause, by a clock of milliseconds.
      await pass(1)
      if (how === 'with a key') {
        const aside = newMessage({ leasedTo: 'gw-1' })
        await at.store().accept([aside])
        await at.store().begin('gw-1', [aside.id])
        const attempt = { number: 1, outcome: 'delivered' }
        await finish(at.store(), [{ id: aside.id, conversation: '', inLine: false }], { attempt })
      } else await at.store().resetPauseWait()
      expect(await pausedMs()).toBeGreaterThan(MINUTE_MS)
      expect(await limitedAgain()).toBe(1)
    },
  )

  test('stays as it is by what was on its way before it and is delivered in it', async () => {
    await at.store().pause(UNNAMED)
    await pass(MINUTE_MS)
    await at.alter('update pause set unconfirmed = 0')
    const [early, other] = [await acceptedAndClaimed(at.store()), await acceptedAndClaimed(at.store())]
    await at.store().begin('gw-1', [early.id, other.id])
    await at.alter(`update attempt set begun_at = begun_at - ${MINUTE_MS / 2}`)
    await end(other, { limit: { retryAfterMs: MINUTE_MS } })
    await deliver(early)
    expect(await pausedMs()).toBeGreaterThan(MINUTE_MS / 2)
    expect(await limitedAgain()).toBe(2)
  })

  test('is followed by one message among all gateways and wires, and by no other until that has ended', async () => {
    const old = await acceptedAndClaimed(at.store(), {}, 'gw-3')
    await queue(20)
    await at.store().accept([newMessage({ wire: 'v1' })])
    await at.store().pause({ retryAfterMs: MINUTE_MS })
    await pass(MINUTE_MS)
    const gateways = ['gw-1', 'gw-2', 'gw-1', 'gw-2'] as const
    const claims = await Promise.all(
      gateways.map((owner, index) => at.store().claim(owner, index < 2 ? 'v2' : 'v1', ALL, LEASE_MS)),
    )
    const probes = claims.flatMap(({ messages }) => messages)
    expect(probes).toMatchObject([{ isProbe: true }])
    for (const { nextInMs, pausedMs: left } of claims) {
      expect(nextInMs).toBeGreaterThan(0)
      expect(nextInMs).toBeLessThan(2 * LEASE_MS)
      expect(left).toBe(0)
    }
    // What was claimed before the pause waits too.
    expect(await at.store().begin('gw-3', [old.id])).toEqual([])
  })

  test.each([
    ['another outcome', (probe: Claimed) => end(probe, { attempt: { number: 1, outcome: 'platform_error' } })],
    ['a final no', (probe: Claimed) => end(probe, { next: { state: 'rejected' } })],
    ['no attempt at all', (probe: Claimed) => at.store().release('gw-1', [probe.id])],
  ])('lets the next message probe when the first ended with %s', async (_how, endProbe) => {
    await queue(2)
    await at.store().pause({ retryAfterMs: MINUTE_MS })
    await pass(MINUTE_MS)
    await endProbe(await probed())
    await deliver(await probed('gw-2'), 'gw-2')
    expect(await pausedMs()).toBeUndefined()
  })

  test('lets the next message probe when the first was lost, once its lease is over', async () => {
    await queue(2)
    await at.store().pause(UNNAMED)
    await pass(MINUTE_MS)
    const lost = await probed()
    expect(await claimed(at.store(), 'gw-2')).toEqual([])
    await pass(LEASE_MS)
    const next = await probed('gw-2')
    expect(next.id).not.toBe(lost.id)
    // What the lost one says later is no probe's word any more.
    await deliver(lost)
    expect(await claimed(at.store(), 'gw-3')).toEqual([])
    await deliver(next, 'gw-2')
    expect(await pausedMs()).toBeUndefined()
  })

  test('however long, is probed by one message after an hour and after each further one', async () => {
    await queue(4)
    await at.store().pause({ retryAfterMs: 24 * HOUR_MS })
    const { nextInMs, messages } = await at.store().claim('gw-1', 'v2', ALL)
    expect(messages).toEqual([])
    expect(nextInMs).toBeGreaterThan(HOUR_MS - MINUTE_MS)
    expect(nextInMs).toBeLessThanOrEqual(HOUR_MS)
    await pass(HOUR_MS)
    await end(await probed(), { limit: { retryAfterMs: 23 * HOUR_MS } })
    expect(await claimed(at.store(), 'gw-2')).toEqual([])
    await pass(HOUR_MS)
    await end(await probed(), { attempt: { number: 1, outcome: 'platform_error', status: 503 } })
    expect(await claimed(at.store(), 'gw-2')).toEqual([])
    expect(await pausedMs()).toBeGreaterThan(21 * HOUR_MS)
    await pass(HOUR_MS)
    await deliver(await probed())
    expect(await pausedMs()).toBeUndefined()
  })

  test('is probed after an hour also when sends go on to lengthen it', async () => {
    await queue(1)
    for (let minutes = 0; minutes < 60; minutes += 20) {
      await at.store().pause({ retryAfterMs: HOUR_MS })
      await pass(20 * MINUTE_MS)
    }
    await probed()
  })

  test('of a gateway of the version before, which knows no probe, is over when its time is', async () => {
    await queue(3)
    await at.store().pause({ retryAfterMs: 1 })
    await at.alter('delete from pause; insert into pause (id, until) select 1, max(created_at) + 60000 from message')
    expect(await claimed(at.store())).toEqual([])
    await at.alter('update pause set until = until - 60001')
    expect(await claimed(at.store())).toHaveLength(3)
  })

  test('that a clock which was ahead has written is over for good', async () => {
    await queue(2)
    await at.store().pause({ retryAfterMs: HOUR_MS })
    await pass(-2 * HOUR_MS)
    await at.store().mendTimes()
    await pass(2 * HOUR_MS)
    const [first] = await claimed(at.store(), 'gw-1', 1)
    expect(first).toMatchObject({ isProbe: false })
    expect((await claimedOne(at.store())).isProbe).toBe(false)
  })
})
