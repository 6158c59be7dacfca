import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { IncomingHttpHeaders } from 'node:http'
import { Grants } from '../../src/simulator/grants.ts'
import { handleSend } from '../../src/simulator/send.ts'
import type { Side } from '../../src/simulator/shown.ts'
import { createWorld } from '../../src/simulator/world.ts'

const world = createWorld()
const { seller, buyer } = world.people
const V1 = '/v2/open-platform/chat/conversation'
const V2 = `/v2/open-platform/conversations/${world.conversationId}/messages`
const SEED_CHAT =
  'ZTliYThhODEtOTU4My00ZjdjLWFmNTQtYjA3ZGYwODlkOTcxOkFaZjNVcXIzOjE2OTcwMDRmLWU5MDItNDRjMi1iYmJlLWJmOGUyMGQ1NGJmZg=='
const ALL = 'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'
const fromBuyer = { user_id: buyer.v1Id, post_token: 'AZf3Uqr3', peer_id: seller.v1Id, type: 'TEXT', message: 'سلام' }
const fromSeller = { ...fromBuyer, user_id: seller.v1Id, peer_id: buyer.v1Id }

type How = {
  path?: string
  checks?: 'strict' | 'note'
  side?: Side
  scopes?: string[]
  headers?: IncomingHttpHeaders
  blockedBy?: Side
  expired?: boolean
}

function send(body: unknown, how: How = {}) {
  const { path = V1, checks = 'strict', side = 'seller', scopes = [ALL], headers, blockedBy = null } = how
  const grants = new Grants({ now: () => 0 })
  grants.seed({ accessToken: 'token', side, scopes })
  if (how.expired) grants.expireAll()
  const own = { 'x-api-key': 'key', 'x-access-token': 'token', authorization: 'Bearer token' }
  const handled = handleSend(
    {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', ...own, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
    { world: { ...world, blockedBy }, grants, apiKey: 'key', checks },
  )
  return {
    status: handled?.answer.status,
    body: handled?.answer.body ?? '',
    notes: handled?.entry.notes.join(' ') ?? '',
    message: handled?.message,
  }
}

describe('with either check', () => {
  test.each<[unknown, IncomingHttpHeaders, string, number, number, string]>([
    [fromSeller, { 'x-api-key': 'other' }, V1, 401, 16, 'invalid api key'],
    [fromSeller, { 'x-access-token': '', authorization: '' }, V1, 401, 16, 'invalid access token'],
    [fromSeller, { authorization: 'token', 'x-access-token': '' }, V2, 401, 16, 'invalid access token'],
    [fromSeller, { 'content-type': 'text/plain' }, V1, 415, 3, 'expected application/json'],
    ['[]', {}, V1, 400, 3, 'malformed body'],
    ['{', {}, V2, 400, 3, 'malformed body'],
  ])('%j with %j to %s is %i %i %s', (body, headers, path, status, code, message) => {
    for (const checks of ['strict', 'note'] as const) {
      const sent = send(body, { headers, path, checks })
      expect([sent.status, sent.body]).toEqual([status, JSON.stringify({ code, message })])
      expect(sent.message).toBeUndefined()
    }
  })

  test('no request makes it throw', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constant({ toString: null, valueOf: null }))
    const action = fc.oneof(
      fc.record({ open_post_page: fc.record({ post_token: odd }) }),
      fc.record({ open_direct_link: odd }),
      fc.record({ open_server_link: odd, get_dynamic_action: odd }, { requiredKeys: [] }),
      odd,
    )
    const button = fc.record({ action, caption: odd, icon: odd, data: odd }, { requiredKeys: [] })
    const grid = fc.oneof(odd, fc.record({ rows: fc.array(fc.record({ buttons: fc.array(button) })) }))
    const members = { message: odd, media_token: odd, sender_buttons: grid, sender_btn: button, type: odd }
    const body = fc.oneof(fc.record(members, { requiredKeys: [] }), odd)
    const path = fc.constantFrom(V1, V2, '/v2/open-platform/conversations/%/messages')
    fc.assert(
      fc.property(body, path, fc.constantFrom('strict', 'note'), (one, at, checks) => {
        send(one, { path: at, checks })
      }),
    )
  })
})

describe('a strict platform accepts or refuses a token', () => {
  test.each<[string, Side, number]>([
    [`CHAT_SEND_MESSAGE_OAUTH__${SEED_CHAT}`, 'buyer', 200],
    [`CHAT_MESSAGE_SEND.${SEED_CHAT}`, 'buyer', 200],
    [`CHAT_SEND_MESSAGE_OAUTH__${SEED_CHAT}`, 'seller', 403],
    ['CHAT_SEND_MESSAGE_OAUTH__bm90OnRoaXM6Y2hhdA==', 'buyer', 403],
    ['CHAT_SEND_MESSAGE_POST_CONVERSATIONS__AZf3Uqr3', 'seller', 200],
    ['CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3', 'seller', 200],
    ['CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3', 'buyer', 403],
    ['CHAT_POST_CONVERSATIONS_MESSAGE_SEND.other', 'seller', 403],
    [ALL, 'seller', 200],
    [ALL, 'buyer', 403],
    [`CONVERSATION_SEND_MESSAGE.${world.conversationId}`, 'buyer', 200],
    ['CONVERSATION_SEND_MESSAGE.other', 'buyer', 403],
    ['USER_PHONE', 'seller', 403],
  ])('with %s as %s: %i on both wires', (scope, side, status) => {
    const how = { side, scopes: [scope] }
    expect(send(side === 'seller' ? fromSeller : fromBuyer, how).status).toBe(status)
    expect(send({ message: 'سلام' }, { ...how, path: V2 }).status).toBe(status)
  })
})

describe('a strict platform', () => {
  test('refuses an expired token', () => {
    expect(send(fromSeller, { expired: true })).toMatchObject({ status: 401, notes: 'The access token has expired.' })
  })

  test('requires post and peer on v1, also beside a conversation id', () => {
    const { post_token: _, peer_id: __, ...rest } = fromSeller
    expect(send({ ...rest, conversation_id: world.conversationId }).status).toBe(404)
  })

  test('decodes the percent-encoded conversation', () => {
    const encoded = `/v2/open-platform/conversations/${world.conversationId.replaceAll('-', '%2D')}/messages`
    expect(send({ message: 'x' }, { path: encoded }).status).toBe(200)
  })

  test.each<[Side, number]>([
    ['buyer', 412],
    ['seller', 200],
  ])('answers the seller, when blocked by the %s, with %i', (blockedBy, status) => {
    const sent = send(fromSeller, { blockedBy })
    expect(sent.status).toBe(status)
    if (status !== 412) return
    expect(JSON.parse(sent.body)).toEqual({
      code: 9,
      message: "message delivery failed due to recipient's restriction",
    })
  })

  test('names every error in the body at once', () => {
    const link = { caption: '', action: { open_direct_link: 'javascript:alert(1)', open_server_link: {} } }
    const wide = { rows: [{ buttons: [link, link, link, link] }] }
    const { status, body } = send({ message: ' ', sender_buttons: wide }, { path: V2 })
    expect(status).toBe(400)
    const violation = (field: unknown, description: unknown) => expect.objectContaining({ field, description })
    expect(JSON.parse(body)).toMatchObject({
      code: 3,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: expect.arrayContaining([
            violation('message', expect.stringContaining('not blank')),
            violation('sender_buttons.rows[0].buttons', expect.stringContaining('at most 3')),
            violation('sender_buttons.rows[0].buttons[2].action', expect.stringContaining('exactly one')),
          ]),
        },
      ],
    })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['a grid that is null', { message: 'x', sender_buttons: null }, 'sender_buttons is null'],
    ['the former name of icon', { icon_name: 'CHECKED' }, 'the old name of icon'],
    ['an unpublished icon', { icon: 'NO_SUCH_ICON' }, 'NO_SUCH_ICON is not among'],
    ['a published icon', { icon: 'REAL_ESTATE' }, ''],
  ])('accepts %s on v2, with a note if needed', (_, given, note) => {
    const action = { open_server_link: { data: { order: 1 } } }
    const rows = [{ buttons: [{ action, caption: 'باز کن', ...given }] }]
    const isButton = !Object.hasOwn(given, 'message')
    const sent = send(isButton ? { message: 'x', sender_buttons: { rows } } : given, { path: V2 })
    expect(sent.status).toBe(200)
    if (note === '') expect(sent.notes).toBe('')
    else expect(sent.notes).toContain(note)
  })
})

describe('each side sees its own buttons', () => {
  const button = (caption: string) => ({ action: 'LINK', data: { caption, icon_name: '', extra_data: { caption } } })
  const buttons = { sender_btn: button('mine'), receiver_btn: button('yours') }

  test.each<[Side, unknown, string[]]>([
    ['seller', fromSeller, ['mine', 'yours']],
    ['buyer', fromBuyer, ['yours', 'mine']],
  ])('when the %s sends', (side, body, captions) => {
    const how = { side, scopes: [ALL, `CONVERSATION_SEND_MESSAGE.${world.conversationId}`] }
    const { message } = send({ ...Object(body), ...buttons }, how)
    const seen = [message?.buttons.seller[0]?.[0]?.caption, message?.buttons.buyer[0]?.[0]?.caption]
    expect([message?.from, seen]).toEqual([side, captions])
  })
})

test.each<[string, unknown, How, string]>([
  ['an unknown token', fromSeller, { headers: { 'x-access-token': 'other' } }, 'not given out here'],
  ['no scope', fromSeller, { scopes: ['USER_ID'] }, 'No scope'],
  ['another post', { ...fromSeller, post_token: 'x' }, {}, 'no post'],
  ['an invalid body', { ...fromSeller, message: ' ' }, {}, 'message:'],
  ['a block', fromSeller, { blockedBy: 'buyer' }, 'blocked'],
])('in note mode %s is accepted, shown and noted', (_, body, how, why) => {
  const sent = send(body, { ...how, checks: 'note' })
  expect([sent.status, sent.body]).toEqual([200, '{"status":200,"message":"success"}'])
  expect(sent.message).toMatchObject({ kind: 'app', from: 'seller', wire: 'v1' })
  expect(sent.notes).toMatch(new RegExp(`^Divar would have refused this: .*${why}`))
})
