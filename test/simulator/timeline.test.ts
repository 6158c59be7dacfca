import { describe, expect, test } from '@jest/globals'
import { startRecordingApp } from '../support/recording-app.ts'

const LANDING = { body: { status: '200', message: 'success', url: 'https://app.example.com/start' } }

describe('sending again', () => {
  test('goes to the address that is set now, with the key, and starts a journey of its own', async () => {
    const { simulator, calls, control } = await startRecordingApp(() => LANDING)
    await control('clicks', { side: 'buyer' })
    const body = JSON.stringify({ post_token: 'edited' })
    expect(await control('resend', { entry_id: 1, body })).toMatchObject({
      status: 200,
      body: { entry_id: 3, status: 200 },
    })
    expect(calls[1]).toMatchObject({ path: '/divar/session', body: { post_token: 'edited' } })
    expect(calls[1]?.headers.authorization).toBe(calls[0]?.headers.authorization)
    const [click, landing, again] = simulator.conversation.snapshot().timeline
    expect(landing?.journey).toBe(click?.journey)
    expect(again).toMatchObject({ kind: 'click', side: 'buyer', repeats: 1 })
    expect(again?.journey).not.toBe(click?.journey)
  })

  test.each([
    ['of an unknown entry', { entry_id: 99, body: '{}' }, 409, 'There is no such entry'],
    ['of a landing', { entry_id: 2, body: '{}' }, 409, 'landing cannot be sent again'],
    ['with an array', { entry_id: 1, body: '[]' }, 400, 'not a JSON object'],
    ['with no JSON', { entry_id: 1, body: 'no' }, 400, 'not JSON'],
    ['with too long a body', { entry_id: 1, body: ' '.repeat(65 * 1024) }, 400, 'Too big'],
  ])('%s is refused', async (_, asked, status, why) => {
    const { calls, control } = await startRecordingApp(() => LANDING)
    await control('clicks', { side: 'buyer' })
    expect(await control('resend', asked)).toMatchObject({ status, body: { error: expect.stringContaining(why) } })
    expect(calls).toHaveLength(1)
  })
})

const AT = '2026-01-01T00:00:00Z'
const ENTRY = { id: 1, journey: 1, at: AT, kind: 'landing', outcome: 'ok', notes: [] }
const BUTTON = { kind: 'open_server_link', caption: 'x' }
const messageWith = (button: object) => ({
  ...{ id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea', at: AT, from: 'seller', kind: 'app', text: 'x' },
  buttons: { seller: [[button]], buyer: [] },
})
const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) })

describe('a session', () => {
  test('that is loaded shows the same messages and journeys, under new ids, and keeps the addresses of the app', async () => {
    const { simulator, control } = await startRecordingApp(() => LANDING)
    await control('clicks', { side: 'buyer' })
    await control('messages', { side: 'seller', text: 'hello' })
    await control('settings', { wire: 'v2', blocked_by: 'buyer' })
    const { body: saved } = await control('session', undefined, 'GET')
    const before = simulator.conversation.snapshot()
    await control('reset', {})
    await control('settings', { session_url: 'http://127.0.0.1:1/other', wire: 'v1' })
    expect((await control('session', saved)).status).toBe(200)
    const { messages, timeline, settings } = simulator.conversation.snapshot()
    expect(messages).toEqual(before.messages)
    expect(settings).toMatchObject({ wire: 'v2', blockedBy: 'buyer', sessionUrl: 'http://127.0.0.1:1/other' })
    expect(timeline.map(({ kind }) => kind)).toEqual(['click', 'landing'])
    expect(timeline[0]?.id).toBeGreaterThan(2)
    expect(timeline[1]?.journey).toBe(timeline[0]?.journey)
  })

  test('that is saved has no consent link, though a message has one', async () => {
    const { simulator, control } = await startRecordingApp()
    const url = 'https://gateway.example.com/oauth/start/cns_secret'
    const button = { kind: 'open_direct_link' as const, caption: 'x', url }
    simulator.conversation.say({ from: 'seller', kind: 'app', text: url, buttons: { seller: [], buyer: [[button]] } })
    const saved = JSON.stringify((await control('session', undefined, 'GET')).body)
    expect(saved).not.toContain('cns_secret')
    expect(saved.match(/\/oauth\/start\/\*\*\*/g)).toHaveLength(2)
  })

  test.each([
    ['of another version', { kenar_session: 2 }],
    ['with more entries than a timeline holds', { timeline: Array.from({ length: 501 }, () => ({})) }],
    ...['javascript:alert(1)', 'file:///etc/passwd', '//evil.example/x', 'https://'].map((url): [string, object] => [
      `with a button that leads to ${url}`,
      { messages: [messageWith({ kind: 'open_direct_link', caption: 'x', url })] },
    ]),
    [
      'with a request to no web address',
      { timeline: [{ ...ENTRY, request: { method: 'GET', url: 'javascript:alert(1)', headers: {}, body: '' } }] },
    ],
    ['with data that is nested too deep', { messages: [messageWith({ ...BUTTON, data: nested(200) })] }],
    ['with an unknown kind of entry', { timeline: [{ ...ENTRY, kind: 'x' }] }],
  ])('%s is refused, and the chat stays', async (_, wrong) => {
    const { simulator, control } = await startRecordingApp()
    await control('messages', { side: 'seller', text: 'hello' })
    const { body } = await control('session', undefined, 'GET')
    const saved = typeof body === 'object' ? body : {}
    expect((await control('session', { ...saved, ...wrong })).status).toBe(400)
    expect(simulator.conversation.snapshot().messages).toHaveLength(1)
  })
})

test('the list can be cleared alone; the ids of entries continue', async () => {
  const { simulator, control } = await startRecordingApp(() => LANDING)
  await control('messages', { side: 'seller', text: 'hello' })
  await control('clicks', { side: 'buyer' })
  expect((await control('timeline', undefined, 'DELETE')).status).toBe(200)
  expect(simulator.conversation.snapshot()).toMatchObject({ timeline: [], messages: [{ text: 'hello' }] })
  await control('clicks', { side: 'buyer' })
  expect(simulator.conversation.snapshot().timeline[0]?.id).toBe(3)
})
