import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { DATABASES, withStore } from '../support/databases.ts'
import { newMessageEvent, sendEvent, startEventReceiver, statuses } from '../support/events.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import {
  answer,
  BILLING,
  chatMessage,
  divarAt,
  FAST_RETRIES,
  hasAttempts,
  listMessages,
  queue,
  startDivar,
  startOn,
  textsReceivedBy,
  TWO_CALLERS,
  until,
  type Reachable,
} from '../support/outbox.ts'

const ACCESS = { INTERNAL_API_KEYS: TWO_CALLERS, CALLER_PERMISSIONS: 'orders=send;billing=send,operate' }

const done = z.strictObject({
  matched: z.int(),
  changed: z.int(),
  skipped: z.strictObject({ wiped: z.int(), wrong_state: z.int() }),
  left: z.int(),
  until: z.iso.datetime({ precision: 3 }),
})

function ask({ internalUrl }: Reachable, what: 'retry' | 'cancel', filter: unknown, key: string = KEYS.caller) {
  return supertest(internalUrl)
    .post(`/messages/${what}`)
    .set({ 'x-api-key': key, 'content-type': 'application/json' })
    .send(JSON.stringify(filter))
}

async function act(gateway: Reachable, what: 'retry' | 'cancel', filter: object, key?: string) {
  const response = await ask(gateway, what, filter, key)
  expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 })
  return done.parse(JSON.parse(response.text))
}

describe.each(DATABASES)('on %s', (kind) => {
  /** Messages of one conversation that Divar has refused. */
  async function refused(gateway: Reachable, divar: Pick<Simulator, 'misbehave'>, texts: readonly string[]) {
    const ids: string[] = []
    for (const text of texts) {
      divar.misbehave(answer(412))
      const id = await queue(gateway, chatMessage('c-1', text))
      await until(gateway, id, 'rejected')
      ids.push(id)
    }
    return ids
  }

  test('a retry of many goes on where it stopped after a restart, in order, and sends none twice', async () => {
    const divar = await startDivar()
    const store = await withStore(kind)
    const first = await startTestGateway({ SHUTDOWN_GRACE_MS: '100', ...store, ...divarAt(divar) })
    const texts = ['1', '2', '3', '4', '5']
    const ids = await refused(first, divar, texts)
    const one = await act(first, 'retry', { state: 'rejected', limit: 2 })
    expect(one).toMatchObject({ matched: 5, changed: 2, skipped: { wiped: 0, wrong_state: 0 }, left: 3 })
    for (const id of ids.slice(0, 2)) await until(first, id, 'delivered')
    // One that fails again meanwhile is left alone.
    const [again = ''] = await refused(first, divar, ['new'])
    await first.stop()
    const second = await startOn(store, divarAt(divar))
    const two = await act(second, 'retry', { state: 'rejected', until: one.until })
    expect(two).toEqual({ matched: 3, changed: 3, skipped: { wiped: 0, wrong_state: 0 }, left: 0, until: one.until })
    for (const id of ids) await until(second, id, 'delivered')
    expect(await act(second, 'retry', { state: 'rejected', until: one.until })).toMatchObject({ matched: 0, left: 0 })
    expect((await until(second, again, 'rejected')).attempts).toHaveLength(1)
    expect(textsReceivedBy(divar)).toEqual([...texts, '1', '2', 'new', '3', '4', '5'])
  })

  test('an `unknown` message is retried only when its state is named', async () => {
    const gateway = await startOn(await withStore(kind))
    gateway.divar.misbehave({ kind: 'reset' })
    const id = await queue(gateway, chatMessage('c-1', 'x'))
    await until(gateway, id, 'unknown')
    expect(await act(gateway, 'retry', { limit: 10 })).toMatchObject({ matched: 0, changed: 0 })
    expect(await act(gateway, 'retry', { state: 'unknown' })).toMatchObject({ matched: 1, changed: 1 })
    await until(gateway, id, 'delivered')
  })

  test('queued messages are cancelled, and one act is one audit line without ids of people', async () => {
    const gateway = await startOn(await withStore(kind, ACCESS))
    gateway.divar.misbehave(answer(503, '{}', { 'retry-after': '60' }))
    const held = await queue(gateway, chatMessage('c-1', 'a'))
    await until(gateway, held, 'queued', hasAttempts(1))
    const ids = [held, await queue(gateway, chatMessage('c-1', 'b'))]
    const cancelled = await act(gateway, 'cancel', { caller: 'orders', since: '2020-01-01T00:00:00+03:30' }, BILLING)
    expect(cancelled).toMatchObject({ changed: 2, left: 0 })
    for (const id of ids) await until(gateway, id, 'cancelled')
    const line = await gateway.logged('audit')
    expect(line).toMatchObject({
      act: 'messages.cancel',
      caller: 'billing',
      filter: { caller: 'orders', since: '2019-12-31T20:30:00.000Z', until: null },
      changed: 2,
      left: 0,
    })
  })

  test('messages that wait for their time are cancelled with the others', async () => {
    const gateway = await startOn(await withStore(kind))
    const notBefore = new Date(Date.now() + 3_600_000).toISOString()
    const ids = [
      await queue(gateway, { ...chatMessage('c-1', 'timed'), not_before: notBefore }),
      await queue(gateway, { ...chatMessage('c-2', 'timed'), not_before: notBefore }),
    ]
    expect(await act(gateway, 'cancel', { state: 'queued' })).toMatchObject({ matched: 2, changed: 2, left: 0 })
    for (const id of ids) await until(gateway, id, 'cancelled')
  })

  test('a caller acts on its own messages; with `operate` on those of all callers, or of one', async () => {
    const gateway = await startOn(await withStore(kind, ACCESS))
    const [own = ''] = await refused(gateway, gateway.divar, ['of orders'])
    gateway.divar.misbehave(answer(412))
    const other = await queue(gateway, chatMessage('c-2', 'of billing'), { 'x-api-key': BILLING })
    await gateway.loggedWhen(
      (all) => all.filter((line) => line['event'] === 'message.recipient_restricted').length === 2,
    )
    const denied = await ask(gateway, 'retry', { caller: 'billing' })
    expect([denied.status, problemOf(denied)]).toMatchObject([403, { code: 'not_allowed', permission: 'operate' }])
    expect((await listMessages(gateway)).messages.map(({ id }) => id)).toEqual([own])
    expect((await listMessages(gateway, '', BILLING)).messages.map(({ id }) => id)).toEqual([other, own])
    expect((await listMessages(gateway, '?caller=orders', BILLING)).messages).toMatchObject([{ caller: 'orders' }])
    expect(await act(gateway, 'retry', { state: 'rejected' })).toMatchObject({ matched: 1, changed: 1 })
    await until(gateway, own, 'delivered')
    expect(await act(gateway, 'retry', { state: 'rejected' }, BILLING)).toMatchObject({ matched: 1, changed: 1 })
  })

  test('events that were refused are retried by the caller @events, with `operate`', async () => {
    const receiver = await startEventReceiver(statuses(410))
    const gateway = await startOn(await withStore(kind, { ...FAST_RETRIES, ...ACCESS, ...receiver.environment }))
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    await gateway.logged('event.rejected')
    expect((await ask(gateway, 'retry', { caller: '@events' })).status).toBe(403)
    expect((await ask(gateway, 'cancel', { caller: '@events' }, BILLING)).status).toBe(400)
    expect(await act(gateway, 'retry', { state: 'rejected' }, BILLING)).toMatchObject({ matched: 0 })
    expect(await act(gateway, 'retry', { caller: '@events' }, BILLING)).toMatchObject({ changed: 1 })
    expect(await receiver.received(1)).toHaveLength(1)
  })
})

test.each([
  ['nothing', {}, ''],
  ['no object', [], ''],
  ['an unknown member', { stat: 'failed' }, ''],
  ['a state that cannot be retried', { state: 'delivered' }, '/state'],
  ['a time without an offset', { since: '2026-01-01T00:00:00' }, '/since'],
  ['a limit above 1000', { limit: 1001 }, '/limit'],
  ['a limit that is a text', { limit: '5' }, '/limit'],
])('a filter with %s is a 400 that says where', async (_, filter, pointer) => {
  const gateway = await startOn(await withStore('sqlite'))
  const response = await ask(gateway, 'retry', filter)
  expect([response.status, problemOf(response)]).toMatchObject([400, { code: 'invalid_filter', errors: [{ pointer }] }])
})
