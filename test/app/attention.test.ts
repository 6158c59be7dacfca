import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import {
  answer,
  ask,
  BILLING,
  chatMessage,
  eventually,
  ONE_TRY,
  queue,
  startOn,
  TWO_CALLERS,
  until,
  type Reachable,
} from '../support/outbox.ts'
import { click, CLICK } from '../support/requests.ts'

const ACCESS = { INTERNAL_API_KEYS: TWO_CALLERS, CALLER_PERMISSIONS: 'orders=send;billing=operate' }

const shown = z.object({
  items: z.array(
    z.object({
      code: z.string(),
      level: z.string(),
      count: z.number().nullable().optional(),
      since: z.string().nullable().optional(),
      value: z.union([z.string(), z.number()]).nullable().optional(),
    }),
  ),
  last_24_hours: z.object({ sessions: z.record(z.string(), z.unknown()) }),
})

const CODES = [
  'store',
  'clock',
  'messages_failed',
  'messages_unknown',
  'messages_expired',
  'messages_waiting',
  'breakers',
  'rate_limit_pause',
  'pacing',
  'grants_unreadable',
  'rows_set_aside',
  'notices_failing',
  'events_failing',
  'subscriptions_failed',
  'subscriptions_waiting',
  'log_lines_lost',
  'timeline_notes_dropped',
  'backup',
]

async function read(gateway: Reachable) {
  const response = await ask(gateway, '/attention', BILLING)
  expect(response.status).toBe(200)
  return shown.parse(JSON.parse(response.text))
}

async function itemOf(gateway: Reachable, code: string) {
  return (await read(gateway)).items.find((item) => item.code === code)
}

describe.each(DATABASES)('GET /attention on %s', (kind) => {
  test('has every code, with nothing to do at first, and is only for callers that may operate', async () => {
    const gateway = await startOn(await withStore(kind, ACCESS))
    const { items } = await read(gateway)
    expect(items.map(({ code }) => code)).toEqual(CODES)
    expect(items.filter(({ level }) => level !== 'ok')).toEqual([])
    const refused = await ask(gateway, '/attention', KEYS.caller)
    expect([refused.status, problemOf(refused)]).toMatchObject([403, { permission: 'operate' }])
  })

  test('counts messages that failed, or may have arrived, and says since when', async () => {
    const gateway = await startOn(await withStore(kind, { ...ACCESS, ...ONE_TRY }))
    gateway.divar.misbehave(answer(503, '{}', { 'retry-after': '86400' }))
    const failed = await queue(gateway, chatMessage('c-1', 'x'))
    const { finished_at } = await until(gateway, failed, 'failed')
    gateway.divar.misbehave({ kind: 'reset' })
    await until(gateway, await queue(gateway, chatMessage('c-2', 'y')), 'unknown')
    expect(await itemOf(gateway, 'messages_failed')).toEqual({
      code: 'messages_failed',
      level: 'attention',
      count: 1,
      since: finished_at,
    })
    expect(await itemOf(gateway, 'messages_unknown')).toMatchObject({ level: 'attention', count: 1 })
  })

  test('counts messages that expired before they were delivered', async () => {
    const gateway = await startOn(await withStore(kind, ACCESS))
    gateway.divar.misbehave(answer(503, '{}', { 'retry-after': '60' }))
    const expiresAt = new Date(Date.now() + 2000).toISOString()
    const id = await queue(gateway, { ...chatMessage('c-1', 'late'), expires_at: expiresAt })
    const { finished_at } = await until(gateway, id, 'expired')
    expect(await itemOf(gateway, 'messages_expired')).toEqual({
      code: 'messages_expired',
      level: 'attention',
      count: 1,
      since: finished_at,
    })
  })

  test('shows a pause for a rate limit, and clicks of the last 24 hours', async () => {
    const gateway = await startOn(await withStore(kind, ACCESS))
    gateway.divar.misbehave(answer(429, '{}', { 'retry-after': '600' }))
    await queue(gateway, chatMessage('c-1', 'x'))
    await gateway.logged('message.rate_limited')
    expect((await click(gateway, CLICK)).status).toBe(200)
    const pause = await eventually(async () => {
      const item = await itemOf(gateway, 'rate_limit_pause')
      return item?.level === 'attention' ? item : undefined
    }, 'the pause')
    expect(Number(pause.value)).toBeGreaterThan(500)
    expect((await read(gateway)).last_24_hours.sessions).toMatchObject({ count: 1, errors: 0, error_share: 0 })
  })
})
