import { expect, test } from '@jest/globals'
import { summarize } from '../../src/simulator/page/journey-summary.ts'
import type { TimelineEntry } from '../../src/simulator/shown.ts'

let last = 0
const entry = (kind: TimelineEntry['kind'], rest: Partial<TimelineEntry> = {}): TimelineEntry => ({
  id: ++last,
  at: '2026-01-01T00:00:00.000Z',
  kind,
  outcome: 'ok',
  notes: [],
  journey: 1,
  ...rest,
})
const answered = (status: number) => ({ response: { status, headers: {}, body: '' } })
const decision = (outcome: TimelineEntry['outcome']) =>
  entry('consent', { side: 'buyer', outcome, request: { method: 'POST', url: '', headers: {}, body: '' } })
const click = (ms: number) => entry('click', { side: 'buyer', ms, budgetMs: 2000, caption: 'Confirm' })

test('a press that leads to the landing says how long it took, and whether that was more than half of the budget', () => {
  const landing = entry('landing', { side: 'buyer' })
  expect(summarize([click(17), landing])).toEqual({
    act: 'pressed',
    side: 'buyer',
    caption: 'Confirm',
    isRepeat: false,
    steps: [{ what: 'landed', ms: 17, pace: 'fine' }],
    meaning: 'success',
  })
  expect(summarize([click(1001), landing])).toMatchObject({ steps: [{ pace: 'slow' }], meaning: 'attention' })
  expect(summarize([click(2001), landing])).toMatchObject({ steps: [{ pace: 'late' }], meaning: 'danger' })
})

test('the resolver comes first, also when it was told last, and its failure is named', () => {
  const resolver = entry('resolver', { ms: 1200, budgetMs: 2000 })
  expect(summarize([click(1300), resolver]).steps).toEqual([
    { what: 'resolved', ms: 1200, pace: 'slow' },
    { what: 'landed', ms: 1300, pace: 'slow' },
  ])
  const refused = entry('click', { outcome: 'refused', ...answered(502) })
  expect(summarize([refused, entry('resolver', { outcome: 'failed' })])).toMatchObject({
    act: 'opened',
    steps: [{ what: 'threw' }, { what: 'refused', status: 502 }],
    meaning: 'danger',
  })
})

test.each([
  ['ok', 'allowed', 'success'],
  ['refused', 'denied', 'attention'],
] as const)('a consent that is %s ends as %s', (outcome, what, meaning) => {
  const summary = summarize([click(5), entry('landing'), decision(outcome)])
  expect(summary).toMatchObject({ steps: [{ what: 'asked' }, { what }], meaning })
})

test('messages are counted, and the last one says whether it arrived', () => {
  const failed = entry('delivery', { outcome: 'faulted', ...answered(500) })
  const arrived = entry('delivery', answered(200))
  expect(summarize([failed])).toMatchObject({
    act: 'message',
    steps: [{ what: 'undelivered', status: 500 }],
    meaning: 'danger',
  })
  expect(summarize([failed, arrived])).toMatchObject({ steps: [{ what: 'delivered', count: 1 }], meaning: 'success' })
})
