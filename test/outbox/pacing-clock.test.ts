import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { newTrace } from '../../src/observability/trace.ts'
import { Pacing } from '../../src/outbox/pacing.ts'
import { StoreError, type Claimed } from '../../src/store/store.ts'

const LIMITS = { perMinute: 60, perDay: undefined }
const MESSAGE: Claimed = {
  id: 'msg_1',
  caller: 'orders',
  wire: 'v2',
  conversation: 'c-1',
  inLine: true,
  atLeastOnce: false,
  unsure: false,
  attempts: 1,
  tryForMs: 60_000,
  requestId: 'req_1',
  body: undefined,
  isProbe: false,
}

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

function startPacing(countSends: (sends: number) => Promise<void> = () => Promise.resolve()) {
  const lines: unknown[] = []
  const log = { ...createLogger('silent'), info: (line: unknown) => lines.push(line) }
  const counted: number[] = []
  const store = {
    countSends: (sends: number) => {
      counted.push(sends)
      return countSends(sends)
    },
  }
  return { pacing: new Pacing({ store, limits: LIMITS, log }), counted, lines }
}

describe('a message that is claimed under a limit', () => {
  test('is sent at once, and counted again when its commit took so long that it would arrive in a later minute', async () => {
    const { pacing, counted } = startPacing()
    const claimedAt = performance.now()
    expect(await pacing.mayStillSend(MESSAGE, claimedAt)).toBe(true)
    expect(counted).toEqual([])
    jest.advanceTimersByTime(2500)
    const late = [pacing.mayStillSend(MESSAGE, claimedAt), pacing.mayStillSend({ ...MESSAGE, wire: 'v1' }, claimedAt)]
    expect(await Promise.all(late)).toEqual([true, true])
    expect(counted.reduce((sum, sends) => sum + sends, 0)).toBe(2)
    expect(await pacing.mayStillSend({ ...MESSAGE, wire: 'bot' }, claimedAt)).toBe(true)
    expect(counted.reduce((sum, sends) => sum + sends, 0)).toBe(2)
  })

  test('is not sent when it cannot be counted again', async () => {
    const { pacing } = startPacing(() => Promise.reject(new StoreError('away', undefined)))
    const claimedAt = performance.now()
    jest.advanceTimersByTime(2500)
    expect(await pacing.mayStillSend(MESSAGE, claimedAt)).toBe(false)
  })
})

test('the log says once that limits hold messages back, and once that the queue has caught up', () => {
  const { pacing, lines } = startPacing()
  const paced = { messages: [], nextInMs: 700, pacedMs: 700 }
  for (let second = 0; second < 60; second += 1) {
    pacing.noteClaim('v2', paced)
    expect(pacing.waitMs()).toBe(700)
    expect(pacing.leftMs('v2')).toBe(700)
    jest.advanceTimersByTime(1000)
    pacing.noteClaim('v2', { messages: [MESSAGE], nextInMs: second % 2 === 0 ? 0 : undefined })
  }
  expect(pacing.waitMs()).toBe(0)
  expect(lines).toEqual([{ event: 'outbox.paced', wait_ms: 700 }])
  jest.advanceTimersByTime(10_000)
  pacing.noteClaim('v2', { messages: [], nextInMs: undefined })
  expect(lines).toEqual([{ event: 'outbox.paced', wait_ms: 700 }, { event: 'outbox.caught_up' }])
})

test('a window that is full for hours is looked at every 2 s, since other gateways may have counted less', () => {
  const { pacing } = startPacing()
  pacing.noteClaim('v2', { messages: [], nextInMs: 3_600_000, pacedMs: 3_600_000 })
  expect(pacing.leftMs('v2')).toBe(2000)
  expect(pacing.leftMs('v1')).toBe(0)
  jest.advanceTimersByTime(2000)
  expect(pacing.leftMs('v2')).toBe(0)
  expect(pacing.waitMs()).toBe(3_598_000)
})

test('counts are lost when the store is away, and nothing else is', async () => {
  const { pacing, counted } = startPacing(() => Promise.reject(new StoreError('away', undefined)))
  const deliver = pacing.counting(() => Promise.resolve({ kind: 'delivered', status: 200 }))
  for (let sends = 0; sends < 3; sends += 1)
    expect(
      await deliver(
        { address: { kind: 'conversation', conversationId: 'c-1' }, content: { kind: 'text', text: 'x' } },
        'token',
        newTrace(),
      ),
    ).toMatchObject({
      kind: 'delivered',
    })
  expect(counted).toEqual([])
  await jest.advanceTimersByTimeAsync(1000)
  expect(counted).toEqual([3])
})
