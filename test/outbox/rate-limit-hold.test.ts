import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import {
  answer,
  divarAt,
  HASTY,
  post,
  queue,
  said,
  show,
  startDivar,
  startOn,
  tried,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

/** The pause is kept in the database's milliseconds, and seen from here in ours. */
const ROUNDING_MS = 20

/** A Divar that remembers when what arrived. */
async function startClockedDivar(pauseS: number) {
  const arrivals: { text: unknown; at: number }[] = []
  const divar = await startDivar({
    onSend: ({ body }) => arrivals.push({ text: parseJson(body)['message'], at: Date.now() }),
  })
  divar.misbehave(answer(429, '{"code":8}', { 'retry-after': String(pauseS) }))
  return { divar, arrivals }
}

const WAYS = ['a queued message', 'a synchronous send', 'a synchronous send with a key'] as const

describe.each(DATABASES)('429 with Retry-After on %s', (kind) => {
  test('pauses all queued messages, whoever meets it, while synchronous sends are still tried', async () => {
    await Promise.all(WAYS.map((way) => expectPause(way)))
  })

  async function expectPause(way: (typeof WAYS)[number]): Promise<void> {
    const { divar, arrivals } = await startClockedDivar(2)
    const gateway = await startOn(await withStore(kind), { ...HASTY, ...divarAt(divar) })
    const ids: string[] = []
    if (way === 'a queued message') {
      const id = await queue(gateway, said('c-0', 'first'))
      await until(gateway, id, 'queued', tried(1))
      ids.push(id)
    } else {
      const key = way.endsWith('key') ? { 'idempotency-key': 'k-1' } : {}
      expect((await post(gateway, said('c-0', 'first'), key)).status).toBe(429)
    }
    for (const name of ['one', 'two', 'three']) ids.push(await queue(gateway, said(`c-${name}`, name)))
    expect((await post(gateway, said('c-0', 'now'))).status).toBe(200)
    expect((await post(gateway, said('c-0', 'now, once'), { 'idempotency-key': 'k-2' })).status).toBe(200)
    for (const id of ids) await until(gateway, id, 'delivered')
    const [first, now, once, ...later] = arrivals
    expect([first?.text, now?.text, once?.text]).toEqual(['first', 'now', 'now, once'])
    expect(later.map(({ text }) => text).sort()).toEqual([
      ...(ids.length === 4 ? ['first'] : []),
      'one',
      'three',
      'two',
    ])
    for (const { at } of later) expect(at - (first?.at ?? 0)).toBeGreaterThanOrEqual(2000 - ROUNDING_MS)
    // Whoever waited was not tried meanwhile.
    for (const id of ids.slice(-3)) expect((await show(gateway, id)).attempts).toHaveLength(1)
  }

  test('holds over a restart, and on PostgreSQL for a second gateway', async () => {
    const { divar, arrivals } = await startClockedDivar(1)
    const store = await withStore(kind, { ...HASTY, ...divarAt(divar) })
    const first = await startOn(store)
    const second = kind === 'postgres' ? await startOn(store) : undefined
    const id = await queue(first, said('c-0', 'first'))
    await until(first, id, 'queued', tried(1))
    await first.stop()
    const next = second ?? (await startOn(store))
    const other = await queue(next, said('c-1', 'other'))
    await until(next, other, 'delivered')
    await until(next, id, 'delivered')
    const [limited, ...later] = arrivals
    expect(later).toHaveLength(2)
    for (const { at } of later) expect(at - (limited?.at ?? 0)).toBeGreaterThanOrEqual(1000 - ROUNDING_MS)
  })
})
