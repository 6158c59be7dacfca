import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseEvent } from '../../src/event/parse-event.ts'
import { withStore } from '../support/databases.ts'
import { newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { startTestGateway } from '../support/gateway.ts'
import { answer, chatMessage, eventually, FAST_RETRIES, queue } from '../support/outbox.ts'
import { createJudge, readDocument } from '../support/reference.ts'
import { startWebhook } from '../support/webhook.ts'

let judge: ReturnType<typeof createJudge>
beforeAll(async () => {
  judge = createJudge(await readDocument())
})

test('the notice of a delivered, a rejected and an unknown message is as documented', async () => {
  const webhook = await startWebhook()
  const gateway = await startTestGateway(await withStore('sqlite', { ...FAST_RETRIES, ...webhook.environment }))
  const endings = [undefined, answer(412, '{"code":9,"message":"no"}'), { kind: 'reset' } as const]
  for (const [at, misbehaviour] of endings.entries()) {
    if (misbehaviour) gateway.divar.misbehave(misbehaviour)
    await queue(gateway, chatMessage('c-1', `text ${at}`))
    await eventually(() => Promise.resolve(webhook.notices[at]), 'a notice')
  }
  expect(webhook.notices.map(({ type }) => type)).toEqual(['message.delivered', 'message.rejected', 'message.unknown'])
  for (const { headers, text } of webhook.notices) {
    expect(judge.faultsOfWebhook('STATUS_WEBHOOK_URL', headers, text)).toEqual([])
  }
})

test('an event of each documented type, and of an unknown one, is passed on as documented', async () => {
  const receiver = await startEventReceiver()
  const gateway = await startTestGateway(await withStore('sqlite', receiver.environment))
  const reported = [
    newMessageEvent('c-1', 'm-1', { image_data: { size_bytes: '120' }, odd: 1 }),
    { ...newMessageEvent('c-1', 'm-2'), type: 'NEW_CHATBOT_MESSAGE', metadata: { shop: 7 } },
    { type: 'POST_UPDATE', post_update: { type: 'ARCHIVE', post: 'token' } },
    { type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: 'u-1' } },
    { type: 'PAYMENT_TRANSACTION', payment_transaction: { id: 't-1' } },
    { type: 'LATER', more: [] },
  ]
  for (const event of reported) await sendEvent(gateway, event).expect(200)
  for (const { headers, text } of await receiver.received(reported.length)) {
    expect(judge.faultsOfWebhook('EVENTS_URL', headers, text)).toEqual([])
  }
})

test('whatever members an event has, it is passed on as documented', () => {
  const part = fc.option(fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('1795968114', '2026-11-29T16:01:54Z')))
  const named = (...names: string[]) =>
    fc.record(Object.fromEntries(names.map((name) => [name, part])), { requiredKeys: [] })
  const either = (...names: string[]) => fc.oneof(part, named(...names))
  const message = fc
    .tuple(named('id', 'type', 'sent_at', 'text', 'image_data', 'conversation_id'), either('id', 'type', 'post_token'))
    .chain(([members, conversation]) => either('side', 'type').map((sender) => ({ ...members, conversation, sender })))
  const events = fc
    .tuple(named('user_id', 'transaction', 'metadata', 'id', 'extra'), message, either('type', 'post'))
    .map(([members, new_message, post_update]) => ({ ...members, type: 'NEW_MESSAGE', new_message, post_update }))
  const headers = {
    'webhook-id': `dve_${'x'.repeat(24)}`,
    'webhook-timestamp': '1',
    'webhook-signature': `v1,${'x'.repeat(43)}=`,
  }
  fc.assert(
    fc.property(events, (event) => {
      expect(judge.faultsOfWebhook('EVENTS_URL', headers, JSON.stringify(parseEvent(event)))).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('a notice that lacks a member, or a header, is not as documented', () => {
  expect(judge.faultsOfWebhook('STATUS_WEBHOOK_URL', {}, '{"type":"message.delivered"}')).toEqual([
    'webhook-id',
    'webhook-timestamp',
    'webhook-signature',
    expect.stringContaining("must have required property 'timestamp'"),
  ])
})
