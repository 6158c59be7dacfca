import { expect, test } from '@jest/globals'
import { Journeys } from '../../src/simulator/journeys.ts'
import type { TimelineEntry } from '../../src/simulator/shown.ts'

type Placed = Omit<TimelineEntry, 'id' | 'at' | 'journey'>
const entry = (kind: TimelineEntry['kind'], rest: Partial<Placed> = {}): Placed => ({
  kind,
  outcome: 'ok',
  notes: [],
  ...rest,
})
const asked = (url: string, body = '', location?: string): Partial<Placed> => ({
  request: { method: body === '' ? 'GET' : 'POST', url: `http://divar.example${url}`, headers: {}, body },
  ...(location !== undefined && { response: { status: 303, headers: { location }, body: '' } }),
})
const delivery = (outcome: TimelineEntry['outcome'], body = '{"message":"a"}') =>
  entry('delivery', { side: 'buyer', outcome, ...asked('/messages', body) })

/** Everything from a click to a message, as the platform sees it. */
function consented(journeys: Journeys, state: string, now: number): number[] {
  const code = `code-of-${state}`
  return [
    entry('consent', asked(`/oauth2/auth?state=${state}`)),
    entry('consent', { side: 'buyer', ...asked('/decision', `state=${state}`, `http://app.example/?code=${code}`) }),
    entry('token', { side: 'buyer', ...asked('/oauth2/token', `grant_type=authorization_code&code=${code}`) }),
    delivery('ok'),
  ].map((one) => journeys.place(one, now))
}

test('a click, its resolver, landing, consent, tokens and messages are one journey', () => {
  const journeys = new Journeys()
  const click = journeys.begin(0)
  expect(journeys.place(entry('resolver'), 1)).toBe(click)
  expect(journeys.place(entry('click', { side: 'buyer' }), 2, click)).toBe(click)
  expect(journeys.place(entry('landing', { side: 'buyer' }), 3, click)).toBe(click)
  expect(consented(journeys, 'state-one', 4)).toEqual([click, click, click, click])
})

test('a click from curl is seen from its consent on', () => {
  const journeys = new Journeys()
  const [first, ...rest] = consented(journeys, 'state-two', 0)
  expect(rest).toEqual([first, first, first])
})

test('a message belongs to the newest landing of the same person, for five minutes', () => {
  const journeys = new Journeys()
  const [former, latter] = [journeys.begin(0), journeys.begin(1)]
  journeys.place(entry('landing', { side: 'buyer' }), 0, former)
  journeys.place(entry('landing', { side: 'buyer' }), 1, latter)
  expect(journeys.place(delivery('ok'), 2)).toBe(latter)
  expect(journeys.place(entry('delivery', { side: 'seller' }), 3)).not.toBe(latter)
  expect(journeys.place(delivery('ok'), 5 * 60_000 + 2)).not.toBe(latter)
})

test('a message that was refused and the same one sent again are one journey, until it is accepted', () => {
  const journeys = new Journeys()
  const refused = journeys.place(delivery('refused'), 0)
  expect(journeys.place(delivery('faulted'), 1)).toBe(refused)
  expect(journeys.place(delivery('ok'), 2)).toBe(refused)
  expect(journeys.place(delivery('ok'), 3)).not.toBe(refused)
  expect(journeys.place(delivery('ok', '{"message":"b"}'), 4)).not.toBe(refused)
})

test('what the bot sends belongs to the event that it answers', () => {
  const journeys = new Journeys()
  const event = journeys.place(entry('event', { side: 'seller' }), 0)
  expect(journeys.place(entry('bot', { side: 'seller' }), 1)).toBe(event)
  expect(journeys.place(entry('bot', { side: 'buyer' }), 2)).not.toBe(event)
})

test('nothing is remembered without a bound', () => {
  const journeys = new Journeys()
  const [first] = consented(journeys, 'state-0', 0)
  for (let count = 1; count < 100; count++) consented(journeys, `state-${count}`, 0)
  expect(journeys.place(entry('consent', asked('/oauth2/auth?state=state-0')), 1)).not.toBe(first)
})
