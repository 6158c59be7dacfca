import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { SELLER_TOKEN, startSimulatedGateway } from '../support/simulated-gateway.ts'
import { KEYS } from '../support/gateway.ts'

const seed = z
  .record(z.string(), z.unknown())
  .parse(JSON.parse(readFileSync(new URL('../fixtures/message-v1-link.json', import.meta.url), 'utf8')))
/** The seed's message in the seller's name, whose token covers all of her chats. */
const good = { ...seed, user_id: seed['peer_id'], peer_id: seed['user_id'] }
const CONVERSATION = '6b3d5cf7-9291-4fa9-892a-9d07e300daea'

type How = { token?: string; key?: string; path?: string; checks?: 'strict' | 'note' }

async function send(body: unknown, how: How = {}) {
  const { token = SELLER_TOKEN, key = KEYS.divarApi, path = '', checks = 'strict' } = how
  const { simulator } = await startSimulatedGateway(() => ({}), { checks })
  simulator.grants.seed({
    accessToken: 'buyer-one-chat',
    side: 'buyer',
    scopes: [`CONVERSATION_SEND_MESSAGE.${CONVERSATION}`],
  })
  simulator.grants.seed({
    accessToken: 'buyer-post',
    side: 'buyer',
    scopes: ['CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3'],
  })
  const isV1 = path === ''
  const answer = await fetch(simulator.url + (isV1 ? '/v2/open-platform/chat/conversation' : path), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'X-API-Key': key,
      ...(isV1 ? { 'x-access-token': token } : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  const { timeline, messages } = simulator.conversation.snapshot()
  return { status: answer.status, notes: timeline[0]?.notes.join(' ') ?? '', messages }
}
const v2 = (id = CONVERSATION) => ({ path: `/v2/open-platform/conversations/${id}/messages` })

describe('a strict platform', () => {
  test('accepts the sample message', async () => {
    expect(await send(good)).toMatchObject({ status: 200, notes: '', messages: [{ from: 'seller', wire: 'v1' }] })
  })

  test.each<[string, unknown, How, number, string]>([
    ['a wrong API key', good, { key: 'x' }, 401, 'API key'],
    ['a token that was never issued', good, { token: 'x' }, 401, 'not given out'],
    ["another user's token", good, { token: 'buyer-one-chat' }, 403, 'another user'],
    ["a scope for another user's posts", { message: 'x' }, { ...v2(), token: 'buyer-post' }, 403, 'No scope'],
    ['another conversation', { message: 'x' }, v2('other'), 404, 'no conversation'],
    ['another post', { ...good, post_token: 'other' }, {}, 404, 'no post'],
    ['another peer', { ...good, peer_id: 'other' }, {}, 404, 'peer_id'],
    ['no type on v1', { ...good, type: undefined }, {}, 400, 'type'],
    ['a blank text', { ...good, message: ' ' }, {}, 400, 'message'],
    [
      'a button without a caption',
      { ...good, sender_btn: { action: 'LINK', data: { extra_data: {} } } },
      {},
      400,
      'caption',
    ],
    [
      'an unknown action',
      { ...good, sender_btn: { action: 'X', data: { caption: 'x' } } },
      {},
      400,
      'LINK or DIRECT_LINK',
    ],
    ['four rows', { message: 'x', sender_buttons: { rows: Array(4).fill({ buttons: [] }) } }, v2(), 400, 'at most 3'],
    ['a text with media', { message: 'x', media_token: 'm' }, v2(), 400, 'not both'],
  ])('refuses %s, and says why', async (_, body, how, status, told) => {
    const sent = await send(body, how)
    expect(sent).toMatchObject({ status, messages: [] })
    expect(sent.notes).toContain(told)
  })

  test.each<[string, unknown, How, string]>([
    [
      'superfluous members',
      { ...good, sender_btn: { action: 'LINK', data: { extra_data: {}, direct_link: '', caption: 'x' } } },
      {},
      'superfluous',
    ],
    ['null buttons', { ...good, sender_btn: null }, {}, 'null'],
    ['a type on v2', { type: 'TEXT', message: 'x' }, v2(), 'no member type'],
    [
      "the user's own chat, in the buyer's name",
      { type: 'TEXT', message: 'x' },
      { ...v2(), token: 'buyer-one-chat' },
      'no member type',
    ],
    [
      'a misspelled icon from the documents',
      { ...good, sender_btn: { action: 'LINK', data: { extra_data: {}, icon_name: 'REAL_STATE', caption: 'x' } } },
      {},
      'REAL_ESTATE',
    ],
  ])('accepts %s, with a note', async (_, body, how, told) => {
    const sent = await send(body, how)
    expect(sent.status).toBe(200)
    expect(sent.notes).toContain(told)
  })
})

test('in note mode the platform accepts what strict mode refuses, and says so', async () => {
  const sent = await send({ ...good, type: undefined }, { token: 'never given out', checks: 'note' })
  expect(sent).toMatchObject({ status: 200, messages: [{ kind: 'app' }] })
  expect(sent.notes).toContain('would have refused this: This access token was not given out here')
})
