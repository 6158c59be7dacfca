import { expect, test } from '@jest/globals'
import { runCli, tempFile } from '../support/command-line.ts'
import { withStore } from '../support/databases.ts'
import { startEventReceiver } from '../support/events.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { resolverFile } from '../support/resolvers.ts'

async function startWithEvents() {
  const receiver = await startEventReceiver()
  return { receiver, gateway: await startTestGateway(await withStore('sqlite', receiver.environment)) }
}

const trigger = (url: string, event: string, ...more: string[]) =>
  runCli('trigger', event, ...more, '--url', url, '--key', KEYS.identification)

test('trigger sends the event sample, which is passed on with the changes of --set', async () => {
  const { receiver, gateway } = await startWithEvents()
  const { code, out } = await trigger(gateway.url, 'event', '--set', 'new_message.text=hello')
  expect([code, out]).toEqual([0, expect.stringMatching(/^200 \{\} \(\d+ ms\)$/)])
  expect((await receiver.received(1))[0]?.event).toMatchObject({
    type: 'NEW_MESSAGE',
    conversation: { post_token: 'AZf3Uqr3' },
    message: { text: 'hello', sent_at: '2026-11-29T16:01:54.123456Z' },
    extra: {},
  })
})

test('trigger sends the event of a file, also of one with a type that Divar does not document', async () => {
  const { receiver, gateway } = await startWithEvents()
  const file = await tempFile('event.json', { type: 'LATER', user_id: 'u-1' })
  expect((await trigger(gateway.url, file)).code).toBe(0)
  expect((await receiver.received(1))[0]?.event).toMatchObject({ type: 'LATER', user_id: 'u-1' })
})

test('trigger prints why an event was refused, with exit code 1', async () => {
  const { code, out } = await trigger((await startTestGateway()).url, 'event')
  expect([code, out]).toEqual([1, expect.stringContaining('501 Events need a store')])
})

test('try refuses an event', async () => {
  const { code, err } = await runCli('try', await resolverFile('export default () => ({})'), '--click', 'event')
  expect([code, err]).toEqual([2, 'event: is an event; no resolver answers these'])
})

test('doctor finds no problem with a gateway that takes events, and passes none on', async () => {
  const { receiver, gateway } = await startWithEvents()
  const { code, out } = await runCli('doctor', '--url', gateway.url, '--key', KEYS.identification)
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/ok +an event without a type is refused\n[^]* 0 failed, 0 skipped$/),
  ])
  expect(receiver.asked).toEqual([])
})
