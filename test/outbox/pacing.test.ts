import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { IN_CHAT } from '../support/bot-divar.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import {
  ask,
  chatMessage,
  divarAt,
  eventually,
  getMessage,
  post,
  queue,
  startDivar,
  startOn,
  startStored,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const OPERATOR = { CALLER_PERMISSIONS: 'orders=send,operate' }
const shown = z.object({
  items: z.array(z.object({ code: z.string(), level: z.string(), value: z.unknown().optional() })),
})
const COUNTED = 'select coalesce(sum(sends), 0) as sends from pacing where span_ms = 1000'

describe.each(DATABASES)('DIVAR_SENDS_PER_MINUTE on %s', (kind) => {
  test('holds queued messages back, but neither synchronous sends nor bot messages, and shows that', async () => {
    const gateway = await startStored(kind, { ...OPERATOR, DIVAR_SENDS_PER_MINUTE: '3' })
    expect(await pacingItem(gateway)).toEqual({ code: 'pacing', level: 'ok', value: 0 })
    const ids: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push(await queue(gateway, chatMessage(`c-${name}`, name)))
    for (const id of ids.slice(0, 3)) await until(gateway, id, 'delivered')
    expect(await gateway.logged('outbox.paced')).toMatchObject({ level: 'info' })
    const item = await eventually(async () => {
      const found = await pacingItem(gateway)
      return found.level === 'attention' ? found : undefined
    }, 'the item of pacing')
    expect(Number(item.value)).toBeGreaterThan(30)
    expect(Number(item.value)).toBeLessThanOrEqual(64)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_outbox_sends_limit{window="minute"}')).toBe(3)
    expect(series.get('kenar_outbox_pacing_wait_seconds')).toBeGreaterThan(30)
    expect((await post(gateway, chatMessage('c-now', 'now'))).status).toBe(200)
    expect((await post(gateway, chatMessage('c-now', 'once'), { 'idempotency-key': 'k-1' })).status).toBe(200)
    await until(gateway, await queue(gateway, IN_CHAT), 'delivered')
    for (const id of ids.slice(3))
      expect(await getMessage(gateway, id)).toMatchObject({ state: 'queued', attempts: [] })
  })

  test('is off by default', async () => {
    const gateway = await startStored(kind, OPERATOR)
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) => queue(gateway, chatMessage(`c-${index}`, 'x'))),
    )
    for (const id of ids) await until(gateway, id, 'delivered')
    expect(await pacingItem(gateway)).toMatchObject({ level: 'ok', value: 0 })
    expect(await metricsOf(gateway)).not.toContain('kenar_outbox_sends_limit')
  })
})

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('several gateways on %s', (kind) => {
  test('stay under the limit together, use it up at once, and send the rest when the minute has passed', async () => {
    const arrived: unknown[] = []
    const divar = await startDivar({ onSend: ({ body }) => arrived.push(parseJson(body)['message']) })
    const store = await withStore(kind, { ...divarAt(divar), DIVAR_SENDS_PER_MINUTE: '120' })
    const gateways = await Promise.all([1, 2, 3].map(() => startOn(store)))
    const url = String(store['DATABASE_URL'])
    const bodies = Array.from({ length: 180 }, (_, index) => chatMessage(`c-${index}`, String(index)))
    await Promise.all(
      bodies.map(async (body, index) => {
        const gateway = gateways[index % gateways.length]
        if (gateway !== undefined) await queue(gateway, body)
      }),
    )
    await Promise.all(gateways.map((gateway) => gateway.logged('outbox.paced')))
    // On a machine that is too busy, a message is counted twice: see `mayStillSend`.
    await eventually(async () => (await counted(url)) >= 120 || undefined, 'a minute’s messages')
    const synchronous = await Promise.all(
      gateways.map((gateway, index) => post(gateway, chatMessage(`s-${index}`, 's'))),
    )
    expect(synchronous.map(({ status }) => status)).toEqual([200, 200, 200])
    // Until then each gateway has looked again, and again found no room.
    await eventually(async () => (await counted(url)) >= 123 || undefined, 'the count of the synchronous sends')
    const queued = arrived.filter((text) => text !== 's').length
    expect(queued).toBeGreaterThan(0)
    expect(queued).toBeLessThanOrEqual(120)
    await query(url, 'update pacing set starts_at = starts_at - 64000')
    await eventually(() => Promise.resolve(arrived.length === 183 || undefined), 'the rest')
    expect(new Set(arrived.filter((text) => text !== 's')).size).toBe(180)
  })

  test('count synchronous sends, those of the last second before a stop too, and each retry', async () => {
    const store = await withStore(kind, { DIVAR_SENDS_PER_MINUTE: '100' })
    const url = String(store['DATABASE_URL'])
    const gateway = await startOn(store)
    expect((await post(gateway, chatMessage('c-1', 'x'))).status).toBe(200)
    expect((await post(gateway, chatMessage('c-1', 'x'), { 'idempotency-key': 'k' })).status).toBe(200)
    expect((await post(gateway, chatMessage('c-1', 'x'), { 'idempotency-key': 'k' })).status).toBe(200)
    await gateway.stop()
    expect(await counted(url)).toBe(2)
  })
})

async function counted(url: string): Promise<number> {
  const [row] = await query(url, COUNTED)
  return Number(row?.['sends'])
}

async function pacingItem(gateway: Parameters<typeof ask>[0]) {
  const { items } = shown.parse(JSON.parse((await ask(gateway, '/attention')).text))
  const item = items.find(({ code }) => code === 'pacing')
  if (item === undefined) throw new Error('there is no item of pacing')
  return item
}
