import { describe, expect, test } from '@jest/globals'
import { KEYS } from '../support/gateway.ts'
import { startRecordingApp, type RecordingApp } from '../support/recording-app.ts'

/** A message of the app whose one button of the buyer is a dynamic action. */
function sayWithAction({ simulator }: RecordingApp): string {
  const button = { kind: 'get_dynamic_action' as const, caption: 'قیمت روز', data: { order_id: 'A-1' } }
  const buttons = { seller: [], buyer: [[button]] }
  return simulator.conversation.say({ from: 'seller', kind: 'app', wire: 'v2', text: 'سلام', buttons }).id
}

const press = (app: RecordingApp) =>
  app.control('clicks', { side: 'buyer', message_id: sayWithAction(app), row: 0, column: 0 })

describe('a dynamic action', () => {
  test("calls the app's action URL as the platform does, and shows the text", async () => {
    const app = await startRecordingApp(() => ({ body: { text_message: '۱۲ میلیون تومان' } }))
    expect((await press(app)).body).toMatchObject({ text: '۱۲ میلیون تومان' })
    expect(app.calls).toHaveLength(1)
    expect(app.calls[0]).toMatchObject({ path: '/divar/action', headers: { authorization: KEYS.identification } })
    expect(app.calls[0]?.body).toEqual({
      touchpoint: 'CHAT_MESSAGE_ACTION',
      post_token: 'AZf3Uqr3',
      conversation_id: app.simulator.world.conversationId,
      user_side: 'DEMAND',
      extra_data: { order_id: 'A-1' },
      user_id: app.simulator.world.people.buyer.v2Id,
    })
    const [entry] = app.simulator.conversation.snapshot().timeline
    expect(entry).toMatchObject({ kind: 'action', side: 'buyer', outcome: 'ok', budgetMs: 2000 })
  })

  test('answered with a link opens it', async () => {
    const app = await startRecordingApp(() => ({ body: { action: { open_direct_link: 'https://app.example.com/x' } } }))
    expect((await press(app)).body).toMatchObject({ url: 'https://app.example.com/x', framable: 'placeholder' })
    expect(app.simulator.conversation.snapshot().timeline.map(({ kind }) => kind)).toEqual(['action', 'landing'])
  })

  test('answered with a server link begins a session with its data', async () => {
    const app = await startRecordingApp(({ path }) =>
      path === '/divar/action'
        ? { body: { text_message: 'یک لحظه', action: { open_server_link: { data: { step: 2 } } } } }
        : { body: { status: '200', message: 'success', url: 'https://app.example.com/y' } },
    )
    await app.control('settings', { wire: 'v2' })
    expect((await press(app)).body).toMatchObject({ text: 'یک لحظه', url: 'https://app.example.com/y' })
    expect(app.calls.map(({ path }) => path)).toEqual(['/divar/action', '/divar/session'])
    expect(app.calls[1]?.body).toMatchObject({ source: 'CHAT_MESSAGE_ACTION', extra_data: { step: 2 } })
  })

  test.each([
    [{}, 'neither'],
    [{ action: {} }, 'expected open_direct_link or open_server_link'],
    [{ action: { open_direct_link: 'https://a.example', open_server_link: {} } }, 'expected one of'],
    [{ action: { open_direct_link: 'javascript:alert(1)' } }, 'not an absolute http(s) address'],
    [{ text_message: 5 }, 'text_message'],
    ['text', 'The answer is not'],
  ])('answered with %j is refused with a reason', async (body, reason) => {
    const app = await startRecordingApp(() => ({ body }))
    expect((await press(app)).body).toMatchObject({ refusal: expect.stringContaining(reason) })
    expect(app.simulator.conversation.snapshot().timeline).toMatchObject([{ kind: 'action', outcome: 'refused' }])
  })

  test('answered with an error is refused with its message', async () => {
    const app = await startRecordingApp(() => ({ status: 500, body: { status: '500', message: 'no action' } }))
    expect((await press(app)).body).toMatchObject({ refusal: 'The app refused with 500: no action' })
  })

  test('calls another URL once that is set', async () => {
    const app = await startRecordingApp(() => ({ body: { text_message: 'x' } }))
    const { actionUrl } = app.simulator.conversation.settings
    await app.control('settings', { action_url: `${actionUrl}/other` })
    await press(app)
    expect(app.calls[0]?.path).toBe('/divar/action/other')
  })

  test('with a wrong key, or twice, on demand', async () => {
    const app = await startRecordingApp(({ headers }) =>
      headers.authorization === KEYS.identification ? { body: { text_message: 'x' } } : { status: 401, body: {} },
    )
    await app.control('faults', { fault: 'wrong_key' })
    expect((await press(app)).body).toMatchObject({ refusal: expect.stringContaining('refused it with 401') })
    await app.control('faults', { fault: 'duplicate_click' })
    expect((await press(app)).body).toMatchObject({ text: 'x' })
    expect(app.calls).toHaveLength(3)
    expect(app.simulator.conversation.snapshot().timeline.map(({ outcome }) => outcome)).toEqual([
      'faulted',
      'ok',
      'faulted',
    ])
  })
})
