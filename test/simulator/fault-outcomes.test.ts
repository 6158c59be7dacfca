import { expect, test } from '@jest/globals'
import { FaultOutcomes } from '../../src/simulator/page/fault-outcomes.ts'
import type { TimelineEntry } from '../../src/simulator/shown.ts'

const request = { method: 'POST', url: 'http://127.0.0.1/v2/messages', headers: {}, body: '{"message":"a"}' }
const delivery = (id: number, outcome: TimelineEntry['outcome'], status: number): TimelineEntry => ({
  id,
  journey: id,
  at: new Date(id * 1000).toISOString(),
  kind: 'delivery',
  outcome,
  request,
  response: { status, headers: {}, body: '' },
  notes: [],
})

test('a used fault is connected with its request, and with the next attempt of the same message', () => {
  const outcomes = new FaultOutcomes()
  outcomes.arm([{ fault: '500', times: 1 }], 0)
  outcomes.arm([], 10)
  expect(outcomes.note(delivery(1, 'faulted', 500), 11)).toBe(true)
  expect(outcomes.note({ ...delivery(2, 'ok', 200), request: { ...request, body: 'another' } }, 12)).toBe(false)
  expect(outcomes.note(delivery(3, 'ok', 200), 13)).toBe(true)
  expect(outcomes.note(delivery(4, 'ok', 200), 14)).toBe(false)
  expect(outcomes.used).toMatchObject([{ fault: '500', entry: { id: 1 }, next: { id: 3 } }])
})

test('a send of the page is told with the fault that it met; a later send of the same message is no retry', () => {
  const outcomes = new FaultOutcomes()
  outcomes.arm([{ fault: '500', times: 1 }], 0)
  outcomes.arm([], 10)
  outcomes.note(delivery(1, 'faulted', 500), 11)
  expect(outcomes.answer({ status: 502, code: 'platform_error', from: 5, until: 20 })).toBe(true)
  outcomes.note(delivery(2, 'ok', 200), 30)
  expect(outcomes.used).toMatchObject([{ answered: { status: 502, code: 'platform_error' } }])
  expect(outcomes.used[0]?.next).toBeUndefined()
})

test('faults that are cleared are not taken for used', () => {
  const outcomes = new FaultOutcomes()
  outcomes.arm([{ fault: '500', times: 2 }], 0)
  outcomes.arm([], 10)
  outcomes.arm([{ fault: '429', times: 1 }], 20)
  outcomes.clear()
  outcomes.arm([], 30)
  expect(outcomes.note(delivery(1, 'faulted', 500), 31)).toBe(false)
  expect(outcomes.used).toEqual([])
})

test('a fault of a token request is not connected with a delivery', () => {
  const outcomes = new FaultOutcomes()
  outcomes.arm([{ fault: 'partial_scopes', times: 1 }], 0)
  outcomes.arm([], 10)
  outcomes.note(delivery(1, 'faulted', 500), 11)
  outcomes.note({ ...delivery(2, 'faulted', 200), kind: 'token' }, 12)
  expect(outcomes.used).toMatchObject([{ fault: 'partial_scopes', entry: { id: 2 } }])
})
