import { beforeAll, describe, expect, test } from '@jest/globals'
import { BOT_PATH, botPath, botUserPath, IN_CHAT, startBotDivar, TO_USER, type BotDivar } from '../support/bot-divar.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { pointersOf, V1, v2Path } from '../support/messages.ts'
import { parseJson, send } from '../support/requests.ts'

let divar: BotDivar
let gateway: TestGateway
beforeAll(async () => {
  divar = await startBotDivar()
  gateway = await startTestGateway(divar.environment)
})

async function refused(body: object, path?: string): Promise<string[]> {
  const response = await send(gateway, body, path)
  expect(response.text).not.toContain('CANARY')
  expect(divar.calls).toEqual([])
  return pointersOf(response)
}

const { bot } = IN_CHAT
const text = { text_message: 'سلام' }
const button = { action: { open_post_page: { post_token: 'p' } }, caption: 'c' }
const gridOf = (...buttons: unknown[]) => ({ rows: [{ buttons }] })

describe('a bot message is refused with 400', () => {
  test.each<[string, object, string[]]>([
    ['with neither conversation nor user', { bot: {}, ...text }, ['/bot']],
    ['with both', { bot: { conversation_id: 'CANARY', user_id: 'u' }, ...text }, ['/bot']],
    ['with nulls for both', { bot: { conversation_id: null, user_id: null }, ...text }, ['/bot']],
    ['with a bot that is no object', { bot: 'CANARY', ...text }, ['/bot']],
    ['with a list for a bot', { bot: [bot], ...text }, ['/bot']],
    ['with an empty conversation', { bot: { conversation_id: '' }, ...text }, ['/bot/conversation_id']],
    ['with a conversation that is a number', { bot: { conversation_id: 5 }, ...text }, ['/bot/conversation_id']],
    [
      'with a conversation that would leave its path',
      { bot: { conversation_id: '..' }, ...text },
      ['/bot/conversation_id'],
    ],
    ['with a user that would leave its path', { bot: { user_id: '.' }, ...text }, ['/bot/user_id']],
    ['with a user that would where %2F is decoded', { bot: { user_id: 'a/../b' }, ...text }, ['/bot/user_id']],
    ['with too long a user', { bot: { user_id: 'x'.repeat(129) }, ...text }, ['/bot/user_id']],
    ['with a line break in its user', { bot: { user_id: 'a\nb' }, ...text }, ['/bot/user_id']],
    ['beside a conversation of the chat', { ...IN_CHAT, conversation_id: 'c-1' }, ['/conversation_id']],
    ['beside the address of v1', { ...V1, bot }, ['/user_id', '/post_token', '/peer_id']],
    ['without a text', { bot }, ['/text_message']],
    ['with a blank text', { bot, text_message: ' ' }, ['/text_message']],
    ['with a blank message', { bot, message: ' ' }, ['/message']],
    ['with both names of the text', { ...IN_CHAT, message: 'CANARY' }, ['/message']],
    ['with text and media', { ...IN_CHAT, media_token: 'm' }, ['/text_message']],
    ['with message and media', { bot, message: 'm', media_token: 'm' }, ['/message']],
    ['with a media token that is no text', { bot, media_token: 5, ...text }, ['/media_token']],
    ['of another type', { ...IN_CHAT, type: 'IMAGE' }, ['/type']],
    ['with another delivery', { ...IN_CHAT, delivery: 'CANARY' }, ['/delivery']],
    [
      'with a grid of four in a row',
      { ...IN_CHAT, buttons: gridOf(button, button, button, button) },
      ['/buttons/rows/0/buttons'],
    ],
    [
      'with a button of no action',
      { ...IN_CHAT, buttons: gridOf({ caption: 'c', action: {} }) },
      ['/buttons/rows/0/buttons/0/action'],
    ],
    ['with a list for a grid', { ...IN_CHAT, buttons: [button] }, ['/buttons']],
    [
      'with the buttons of another wire',
      { ...IN_CHAT, sender_btn: {}, receiver_btn: {}, sender_buttons: {}, receiver_buttons: {} },
      ['/sender_btn', '/receiver_btn', '/sender_buttons', '/receiver_buttons'],
    ],
    [
      'with every error at once',
      { bot: {}, message: '', type: 'x', buttons: 5 },
      ['/type', '/bot', '/message', '/buttons'],
    ],
  ])('%s', async (_, body, pointers) => {
    expect(await refused(body)).toEqual(pointers)
  })

  test.each<[string, string, object, string[]]>([
    ['a bot beside the conversation of the path', botPath('c-1'), IN_CHAT, ['/bot']],
    ['a bot beside the user of the path', botUserPath('u-1'), TO_USER, ['/bot']],
    ['a bot on the path of v2', v2Path('c-1'), IN_CHAT, ['/bot']],
    ['another conversation than the path', botPath('c-1'), { ...text, conversation_id: 'c-2' }, ['/conversation_id']],
    ['another user than the path', botUserPath('u-1'), { ...text, user_id: 'u-2' }, ['/user_id']],
    ['a user beside the conversation of the path', botPath('c-1'), { ...text, user_id: 'u-1' }, ['/user_id']],
    [
      'a conversation beside the user of the path',
      botUserPath('u-1'),
      { ...text, conversation_id: 'c-1' },
      ['/conversation_id'],
    ],
    ['a path without an id that can be sent on', botPath('%2E%2E'), text, ['/conversation_id']],
    ['no text', botUserPath('u-1'), {}, ['/text_message']],
  ])("on the platform's own paths, in the platform's format: %s", async (_, path, body, pointers) => {
    expect(await refused(body, path)).toEqual(pointers)
  })

  test('and the errors say what was expected', async () => {
    const response = await send(gateway, { bot: { conversation_id: 'a', user_id: 'b' }, ...text })
    expect(parseJson(response.text)).toMatchObject({
      code: 'invalid_message',
      detail: '/bot: expected an object with exactly one of conversation_id and user_id',
    })
  })
})

test.each([
  ['GET', botPath('c-1'), 405],
  ['POST', `${BOT_PATH}/conversations/c-1`, 404],
])("%s %s is refused in the platform's format", async (method, path, status) => {
  const answer = await fetch(gateway.internalUrl + path, {
    method,
    headers: { 'x-api-key': 'wrong', 'content-type': 'application/json' },
    ...(method === 'POST' && { body: '{}' }),
  })
  expect(answer.status).toBe(status)
  expect(await answer.json()).toMatchObject({ code: 5, details: [{ '@type': 'kenar/problem' }] })
})
