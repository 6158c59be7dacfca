import { describe, expect, test } from '@jest/globals'
import { newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { chatMessage, eventually, queue, startStored } from '../support/outbox.ts'
import { startWebhook } from '../support/webhook.ts'

const OTHER = `whsec_${Buffer.alloc(32, 5).toString('base64')}`

/** Both positions of the receiver's secret: before it was given the new one, and after. */
const positions: [string, (secret: string) => string][] = [
  ['the old one', (secret) => `${secret},${OTHER}`],
  ['the new one', (secret) => `${OTHER} , ${secret}`],
]

describe.each(positions)('while a secret rotates, a receiver that knows only %s', (_, listed) => {
  test('accepts events', async () => {
    const receiver = await startEventReceiver()
    const gateway = await startStored('sqlite', { ...receiver.environment, EVENTS_SECRET: listed(receiver.secret) })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    const [passed] = await receiver.received(1)
    expect(passed?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
  })

  test('accepts the final state of a message', async () => {
    const webhook = await startWebhook()
    const gateway = await startStored('sqlite', {
      ...webhook.environment,
      STATUS_WEBHOOK_SECRET: listed(webhook.secret),
    })
    await queue(gateway, chatMessage('c-1', 'text'))
    const [notice] = await eventually(
      () => Promise.resolve(webhook.notices.length > 0 ? webhook.notices : undefined),
      'a notice',
    )
    expect(notice?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
  })
})
