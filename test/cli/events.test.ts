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

test("trigger sends a sample or a file without its type as an event, so that the gateway's refusal is seen", async () => {
  const { gateway } = await startWithEvents()
  const file = await tempFile('untyped.json', { new_message: { text: 'x' } })
  for (const answer of [await trigger(gateway.url, 'event', '--unset', 'type'), await trigger(gateway.url, file)])
    expect([answer.code, answer.out]).toEqual([1, expect.stringContaining('400 /type: expected the type')])
})

test('validate recognizes an event, names its missing type, and the members that are passed on unread', async () => {
  const good = await tempFile('good.json', {
    type: 'NEW_MESSAGE',
    new_message: { text: 'x', sender: { colour: 1 } },
    metdata: {},
  })
  const bare = await tempFile('bare.json', { type: 'LATER' })
  const bad = await tempFile('bad.json', { new_chatbot_message: {} })
  const { code, out } = await runCli('validate', good, bare, bad)
  expect(code).toBe(1)
  expect(out).toContain('good.json: ok (event)\n')
  expect(out).toContain('note: /new_message/sender/colour: not known, kept in extra\n')
  expect(out).toContain('note: /metdata: not known, kept in extra; did you mean metadata?\n')
  expect(out).toContain('bare.json: ok (event)\n')
  expect(out).toContain('bad.json: 1 wrong (event)\n')
  expect(out).toContain('/type: expected the type of the event')
})

test('a message without a text that validate knew as a message is not taken for an event', async () => {
  const { out } = await runCli('validate', await tempFile('typed.json', { type: 'TEXT', mesage: 'x', user_id: 'u' }))
  expect(out).toContain('wrong (message)')
})

test('an event that the page of the simulator saved can be checked and sent', async () => {
  const { receiver, gateway } = await startWithEvents()
  const body = { type: 'POST_UPDATE', post_update: { type: 'ARCHIVE', post: { token: 'AZf3Uqr3' } } }
  const saved = await tempFile('saved.json', { kind: 'event', headers: {}, body, expected: { status: 200 } })
  expect((await runCli('validate', saved)).out).toContain('ok (event)')
  expect((await trigger(gateway.url, saved)).code).toBe(0)
  expect((await receiver.received(1))[0]?.event).toMatchObject({ type: 'POST_UPDATE' })
})

test('try refuses an event, and names the commands that take one', async () => {
  const { code, err } = await runCli('try', await resolverFile('export default () => ({})'), '--click', 'event')
  expect([code, err]).toEqual([2, expect.stringMatching(/^event: is an event.* trigger .* validate/)])
})

test('doctor finds no problem with a gateway that takes events, and passes none on', async () => {
  const { receiver, gateway } = await startWithEvents()
  const { code, out } = await runCli(
    'doctor',
    '--url',
    gateway.url,
    '--key',
    KEYS.identification,
    '--internal-key',
    KEYS.caller,
  )
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/ok +an event without a type is refused\n[^]* 0 failed, 0 skipped$/),
  ])
  expect(receiver.asked).toEqual([])
})
