import { beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { Store } from '../../src/store/store.ts'
import type { NewNote } from '../../src/store/timeline-store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { eventually } from '../support/outbox.ts'
import { acceptedAndClaimed, finish, newStore } from '../support/stores.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const KEEP_MS = 7 * DAY_MS

describe.each(DATABASES)('notes of the timeline on %s', (kind) => {
  let store: Store
  let name: string
  beforeEach(async () => {
    store = await newStore(kind)
    name = newId('req')
    await trustClock(store)
  })

  const note = (subject: string, ageMs = 0): NewNote => ({ name, ageMs, kind: 'click', result: 'resolved', subject })
  const subjects = async () => (await store.findTimeline([name], undefined, 100)).map(({ subject }) => subject)

  test('are deleted once they are older than they are kept, those of a batch at most in one call', async () => {
    await store.addNotes([
      note('oldest', KEEP_MS + 2 * DAY_MS),
      note('old', KEEP_MS + DAY_MS),
      note('young', KEEP_MS - DAY_MS),
    ])
    expect(await store.deleteNotes(KEEP_MS, 100, 1)).toBe(1)
    expect(await subjects()).toEqual(['young', 'old'])
    expect(await store.deleteNotes(KEEP_MS, 100, 10)).toBe(1)
    expect(await store.deleteNotes(KEEP_MS, 100, 10)).toBe(0)
    expect(await subjects()).toEqual(['young'])
  })

  test('beyond the number that is kept are deleted, the oldest first', async () => {
    await store.addNotes(['1', '2', '3', '4', '5'].map((subject) => note(subject)))
    expect(await store.deleteNotes(KEEP_MS, 2, 10)).toBe(3)
    expect((await subjects()).sort()).toEqual(['4', '5'])
  })

  test('of a message, an event and a notice stand before their attempts, also when they were stored late', async () => {
    for (const [noted, result] of [
      ['send', 'queued'],
      ['event', 'stored'],
      ['notice', 'delivered'],
    ] as const) {
      const message = await acceptedAndClaimed(store)
      const { id } = message
      await store.begin('gw-1', [id])
      await finish(store, [message])
      const after = Date.now()
      // Later by a whole millisecond, in which times are stored.
      await eventually(() => Promise.resolve(Date.now() > after + 1 || undefined), 'the next millisecond')
      await store.addNotes([{ name, ageMs: 0, kind: noted, result, subject: id }])
      const told = await store.findTimeline([name], undefined, 100)
      expect(told.filter(({ subject }) => subject === id).map(({ kind: one }) => one)).toEqual(['attempt', noted])
    }
  })

  test('come back with what was noted', async () => {
    const whole = { durationMs: 12.4, wire: 'v2', caller: 'orders', status: 200, eventType: 'NEW_MESSAGE' }
    await store.addNotes([{ ...note(`clk "quoted" \\ و`), ...whole }, note('bare', 1000)])
    expect(await store.findTimeline([name], undefined, 100)).toMatchObject([
      { ...whole, durationMs: 12, subject: `clk "quoted" \\ و`, kind: 'click', result: 'resolved', state: null },
      { durationMs: null, wire: null, caller: null, status: null, eventType: null, subject: 'bare' },
    ])
  })
})
