import { describe, expect, test } from '@jest/globals'
import { DATABASES, query, withStore } from '../support/databases.ts'
import {
  answer,
  divarAt,
  eventually,
  FAST_RETRIES,
  post,
  queue,
  chatMessage,
  getMessage,
  startDivar,
  startOn,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

/** The hold is stored in the database's milliseconds and measured here in ours. */
const ROUNDING_MS = 20

/** A Divar that limits its first request, and records when each message arrives. */
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
  test.each(WAYS)(
    'received by %s holds back all queued messages, while synchronous sends are still tried',
    async (way) => {
      const { gateway, arrivals, queued } = await limited(way, 3600)
      expect((await post(gateway, chatMessage('c-0', 'now'))).status).toBe(200)
      expect((await post(gateway, chatMessage('c-0', 'now, once'), { 'idempotency-key': 'k-2' })).status).toBe(200)
      expect(arrivals.map(({ text }) => text)).toEqual(['first', 'now', 'now, once'])
      for (const id of queued) expect(await getMessage(gateway, id)).toMatchObject({ state: 'queued', attempts: [] })
    },
  )

  test('lets the queued messages go when its time is over, and not before', async () => {
    await Promise.all(WAYS.map((way) => expectRelease(way)))
  })

  async function expectRelease(way: (typeof WAYS)[number]): Promise<void> {
    const { gateway, arrivals, queued, retried } = await limited(way, 2)
    for (const id of [...retried, ...queued]) await until(gateway, id, 'delivered')
    const [first, ...later] = arrivals
    const texts = ['one', 'three', 'two']
    expect(later.map(({ text }) => text).sort()).toEqual(retried.length === 1 ? ['first', ...texts] : texts)
    for (const { at } of later) expect(at - (first?.at ?? 0)).toBeGreaterThanOrEqual(2000 - ROUNDING_MS)
    for (const id of queued) expect((await getMessage(gateway, id)).attempts).toHaveLength(1)
  }

  /** A gateway that has met a rate limit, and has three more messages queued. */
  async function limited(way: (typeof WAYS)[number], pauseS: number) {
    const { divar, arrivals } = await startClockedDivar(pauseS)
    const gateway = await startOn(await withStore(kind), { ...FAST_RETRIES, ...divarAt(divar) })
    const retried: string[] = []
    if (way === 'a queued message') {
      const id = await queue(gateway, chatMessage('c-0', 'first'))
      await until(gateway, id, 'queued', hasAttempts(1))
      retried.push(id)
    } else {
      const key = way.endsWith('key') ? { 'idempotency-key': 'k-1' } : {}
      expect((await post(gateway, chatMessage('c-0', 'first'), key)).status).toBe(429)
    }
    const queued: string[] = []
    for (const name of ['one', 'two', 'three']) queued.push(await queue(gateway, chatMessage(`c-${name}`, name)))
    return { gateway, arrivals, queued, retried }
  }

  test('continues after a restart, and on PostgreSQL in a second gateway', async () => {
    const { divar, arrivals } = await startClockedDivar(1)
    const store = await withStore(kind, { ...FAST_RETRIES, ...divarAt(divar) })
    const first = await startOn(store)
    const second = kind === 'postgres' ? await startOn(store) : undefined
    const id = await queue(first, chatMessage('c-0', 'first'))
    await until(first, id, 'queued', hasAttempts(1))
    await first.stop()
    const next = second ?? (await startOn(store))
    const other = await queue(next, chatMessage('c-1', 'other'))
    await until(next, other, 'delivered')
    await until(next, id, 'delivered')
    const [limited, ...later] = arrivals
    expect(later).toHaveLength(2)
    for (const { at } of later) expect(at - (limited?.at ?? 0)).toBeGreaterThanOrEqual(1000 - ROUNDING_MS)
  })
})

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('429 without Retry-After on %s', (kind) => {
  test.each(WAYS)('met by %s: a synchronous delivery makes the next hold a short one again', async (way) => {
    const divar = await startDivar()
    divar.misbehave(answer(429, '{"code":8}'))
    const store = await withStore(kind, { ...FAST_RETRIES, ...divarAt(divar) })
    const gateway = await startOn(store)
    if (way === 'a queued message') {
      await until(gateway, await queue(gateway, chatMessage('c-0', 'first')), 'queued', hasAttempts(1))
    } else {
      const key = way.endsWith('key') ? { 'idempotency-key': 'k-1' } : {}
      expect((await post(gateway, chatMessage('c-0', 'first'), key)).status).toBe(429)
    }
    const expectNextHold = (afterMs: number) =>
      eventually(async () => {
        const [row] = await query(String(store['DATABASE_URL']), 'select wait_ms from pause')
        return Number(row?.['wait_ms']) === afterMs || undefined
      }, `a hold of ${afterMs} ms`)
    await expectNextHold(60_000)
    expect((await post(gateway, chatMessage('c-1', 'second'))).status).toBe(200)
    await expectNextHold(0)
  })
})
