import { describe, expect, test } from '@jest/globals'
import { tempFile, runCli } from '../support/command-line.ts'
import { botPath, IN_CHAT, startBotDivar, TO_USER } from '../support/bot-divar.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'

const file = (body: object) => tempFile('bot.json', body)

describe('validate', () => {
  test.each([
    ['into a conversation', IN_CHAT],
    ['to a user', TO_USER],
  ])('accepts a bot message %s', async (_, body) => {
    const { code, out } = await runCli('validate', await file(body))
    expect([code, out]).toEqual([0, expect.stringContaining(': ok (message)')])
  })

  test("accepts the body of the platform's bot paths, and says so", async () => {
    const { code, out } = await runCli('validate', await file({ text_message: 'سلام', buttons: {} }))
    expect([code, out]).toEqual([0, expect.stringContaining("checked as the body of a bot's conversation path")])
  })

  test.each([
    ['both addresses', { ...IN_CHAT, bot: { conversation_id: 'c', user_id: 'u' } }, '/bot: expected an object'],
    ['both texts', { ...IN_CHAT, message: 'x' }, '/message: expected text_message or message, not both'],
    ['a bot beside a conversation', { ...IN_CHAT, conversation_id: 'c' }, '/conversation_id: expected none beside bot'],
  ])('refuses %s as the gateway does', async (_, body, error) => {
    const { code, out } = await runCli('validate', await file(body))
    expect([code, out]).toEqual([1, expect.stringContaining(error)])
  })

  test('reports a member that is not read with the nearest known name', async () => {
    const { code, out } = await runCli('validate', await file({ ...IN_CHAT, butons: {} }))
    expect([code, out]).toEqual([0, expect.stringContaining('/butons: not read; did you mean buttons?')])
  })
})

test('send sends a bot message, without a token', async () => {
  const divar = await startBotDivar()
  const { url } = await startTestGateway(divar.environment)
  const { code, out } = await runCli('send', await file({ ...IN_CHAT, butons: {} }), '--url', url, '--key', KEYS.caller)
  expect([code, out]).toEqual([0, expect.stringMatching(/^200 msg_.*\n {2}\/butons: not read; did you mean buttons\?/)])
  expect(divar.calls).toMatchObject([{ path: botPath('c-1'), json: { text_message: 'سلام' } }])
})
