import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { DATABASES } from '../support/databases.ts'
import { newMessageEvent, sendEvent, startEventReceiver, statuses } from '../support/events.ts'
import { KEYS } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import { ask, BILLING, FAST_RETRIES, retryOrCancel, startStored, TWO_CALLERS } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const ACCESS = { INTERNAL_API_KEYS: TWO_CALLERS, CALLER_PERMISSIONS: 'orders=send;billing=operate' }

describe.each(DATABASES)('an event that EVENTS_URL refused, on %s', (kind) => {
  test('is passed on again by a caller that may operate, and by no other', async () => {
    const receiver = await startEventReceiver(statuses(410))
    const gateway = await startStored(kind, { ...FAST_RETRIES, ...ACCESS, ...receiver.environment })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    const id = String((await gateway.logged('event.rejected'))['event_id'])
    expect(id).toMatch(/^dve_/)

    const refused = await retryOrCancel(gateway, id, 'retry', KEYS.caller)
    expect([refused.status, problemOf(refused)]).toMatchObject([403, { code: 'not_allowed', permission: 'operate' }])
    expect((await ask(gateway, `/messages/${id}`)).status).toBe(404)
    const shown = await ask(gateway, `/messages/${id}`, BILLING)
    expect(parseJson(shown.text)).toMatchObject({ id, wire: 'event', state: 'rejected', last_error: { status: 410 } })
    expect((await retryOrCancel(gateway, id, 'cancel', BILLING)).status).toBe(404)

    expect((await retryOrCancel(gateway, id, 'retry', BILLING)).status).toBe(202)
    const [passed] = await receiver.received(1)
    expect(passed?.webhookId).toBe(id)
    await gateway.logged('event.delivered')
    expect(problemOf(await retryOrCancel(gateway, id, 'retry', BILLING))).toMatchObject({ code: 'wrong_state' })
  })

  test('stays refused without CALLER_PERMISSIONS: no caller can retry it', async () => {
    const receiver = await startEventReceiver(statuses(410))
    const gateway = await startStored(kind, { ...FAST_RETRIES, ...receiver.environment })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    const id = String((await gateway.logged('event.rejected'))['event_id'])
    const { status } = await supertest(gateway.internalUrl).post(`/messages/${id}/retry`).set('x-api-key', KEYS.caller)
    expect(status).toBe(403)
  })
})
