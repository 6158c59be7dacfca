import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseClick } from '../../src/click/parse-click.ts'
import { parseSend } from '../../src/message/parse-message.ts'
import { botPath, botUserPath, IN_CHAT } from '../support/bot-divar.ts'
import { TRIPLE, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { createJudge, readDocument } from '../support/reference.ts'
import { CLICK, fixture } from '../support/requests.ts'

let judge: ReturnType<typeof createJudge>
beforeAll(async () => {
  judge = createJudge(await readDocument())
})

const isTaken = (read: () => unknown): boolean => {
  try {
    read()
    return true
  } catch {
    return false
  }
}
const openButton = { action: { open_server_link: { data: {} } }, caption: 'c' }
const link = { action: 'LINK', data: { extra_data: {}, caption: 'c' } }
const grid = (...rows: object[][]) => ({ rows: rows.map((buttons) => ({ buttons })) })

/** Mostly one of the right values. */
const mostly = (right: readonly unknown[], wrong: readonly unknown[]) =>
  fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: fc.constantFrom(...wrong) })

const fourInARow = grid([openButton, openButton, openButton, openButton])
const direct = { action: 'DIRECT_LINK', data: { direct_link: 'https://a.example', icon_name: '', caption: 'c' } }
const content = {
  message: mostly(['سلام', 'x'], ['', ' ', null, 5]),
  media_token: mostly([null, ''], ['m', 5]),
  type: mostly(['TEXT', null], ['IMAGE']),
  delivery: mostly(['at-least-once', null], ['twice']),
  sender_btn: mostly([link, direct, null], [{ action: 'LINK' }, openButton]),
  receiver_btn: mostly([null], [direct, link]),
  sender_buttons: mostly([null, undefined], [grid([openButton]), {}]),
  receiver_buttons: mostly(
    [null, {}, { rows: null }, grid([{ ...openButton, icon_name: null }])],
    [grid([]), fourInARow],
  ),
  more: mostly([1], [{}]),
}
/** Messages as callers write them, mostly right. */
const sends = fc.oneof(
  fc.record(
    {
      ...content,
      user_id: mostly(['u-1'], [null, '', 7]),
      post_token: mostly(['p'], [null, 'x'.repeat(65)]),
      peer_id: mostly(['u-2'], [null, {}]),
    },
    { requiredKeys: ['message', 'user_id', 'post_token', 'peer_id'] },
  ),
  fc.record(
    {
      ...content,
      conversation_id: mostly(['c-1'], [null, '', 7, 'x'.repeat(129)]),
      user_id: mostly(['u-1', null], ['']),
      peer_id: mostly([null], ['u-2']),
    },
    { requiredKeys: ['message'] },
  ),
  fc.record(
    {
      conversation_id: mostly(['c-1'], ['..']),
      message: mostly(['', null], ['x']),
      media_token: mostly(['m'], [5, '']),
    },
    { requiredKeys: ['media_token'] },
  ),
)

const botContent = {
  text_message: mostly(['سلام', undefined], ['', ' ', null, 5]),
  message: mostly([undefined, null], ['x', '']),
  media_token: mostly([null, ''], ['m', 5]),
  buttons: mostly([null, undefined, {}, grid([openButton])], [grid([]), fourInARow, 5]),
  receiver_buttons: mostly([null], [{}]),
  type: content.type,
  delivery: content.delivery,
  more: content.more,
}
/** Messages of a bot as callers write them, mostly right. */
const botSends = fc.record(
  {
    ...botContent,
    bot: mostly(
      [{ conversation_id: 'c-1' }, { user_id: 'u-1', conversation_id: null }, undefined],
      [{}, { conversation_id: 'c-1', user_id: 'u-1' }, { user_id: '..' }, null, 5],
    ),
    user_id: mostly([null, undefined], ['u-1', '']),
    conversation_id: mostly([null, undefined], ['c-1', 7]),
  },
  { requiredKeys: ['bot'] },
)

describe("the document's body schemas", () => {
  test.each(['message-v1-link', 'message-v1-direct-link', 'message-v2-grid'])('accept the known message %s', (name) => {
    const body = fixture(name)
    expect(
      judge.takes('post', '/messages', 'conversation_id' in body || 'user_id' in body ? body : { ...V2, ...body }),
    ).toBe(true)
  })

  test.each(['click-v1-menu', 'click-v1-seed', 'click-v2-menu', 'click-v2-button'])(
    'accept the known click %s',
    (name) => {
      expect(judge.takes('post', '/divar/session', fixture(name))).toBe(true)
    },
  )

  test('accept every message that the gateway accepts, on each of its paths', () => {
    let taken = 0
    fc.assert(
      fc.property(sends, (body) => {
        for (const [path, inPath] of [
          ['/messages', undefined],
          [V1_PATH, undefined],
          [v2Path('c-1'), { kind: 'conversation', id: 'c-1' }],
        ] as const) {
          if (!isTaken(() => parseSend(body, inPath))) continue
          taken += 1
          expect([path, body, judge.takes('post', path, body)]).toEqual([path, body, true])
        }
      }),
      { numRuns: 1000 },
    )
    expect(taken).toBeGreaterThan(500)
  })

  test('accept every bot message that the gateway accepts, on each of its paths', () => {
    let taken = 0
    fc.assert(
      fc.property(botSends, (body) => {
        for (const [path, inPath] of [
          ['/messages', undefined],
          [V1_PATH, undefined],
          [botPath('c-1'), { kind: 'bot_conversation', id: 'c-1' }],
          [botUserPath('u-1'), { kind: 'bot_user', id: 'u-1' }],
        ] as const) {
          if (!isTaken(() => parseSend(body, inPath))) continue
          taken += 1
          expect([path, body, judge.takes('post', path, body)]).toEqual([path, body, true])
        }
      }),
      { numRuns: 1000 },
    )
    expect(taken).toBeGreaterThan(500)
  })

  test.each([
    ['nothing', {}],
    ['no text', { ...TRIPLE }],
    ['a blank text', { ...V2, message: ' ' }],
    ['text and media', { ...V2, media_token: 'm' }],
    ['media on v1', { ...TRIPLE, media_token: 'm' }],
    ['both addresses', { ...V1, ...V2 }],
    ['a bot beside another address', { ...V2, ...IN_CHAT }],
    ['a bot without an address', { ...IN_CHAT, bot: {} }],
    ['a bot with both addresses', { ...IN_CHAT, bot: { conversation_id: 'c', user_id: 'u' } }],
    ['a bot without a text', { bot: IN_CHAT.bot }],
    ['a bot with the buttons of a side', { ...IN_CHAT, receiver_buttons: {} }],
    ['half of a v1 address', { user_id: 'u', message: 'm' }],
    ['another type', { ...V2, type: 'IMAGE' }],
    ['four rows', { ...V2, sender_buttons: grid([openButton], [openButton], [openButton], [openButton]) }],
    ['an empty row', { ...V2, sender_buttons: grid([]) }],
    ['a button without an action', { ...V2, sender_buttons: grid([{ caption: 'c', action: {} }]) }],
    ['an unknown action', { ...V2, sender_buttons: grid([{ caption: 'c', action: { dance: {} } }]) }],
    ['a button without a caption', { ...V1, sender_btn: { action: 'LINK', data: { extra_data: {} } } }],
  ])('refuse %s, as the gateway does', (_, body) => {
    expect([isTaken(() => parseSend(body)), judge.takes('post', '/messages', body)]).toEqual([false, false])
  })

  test.each([
    ['an empty v1 click', 'v1', {}, true],
    ['a v1 click without a peer', 'v1', { post_token: 'p', user_id: 'u' }, true],
    ['a v1 click', 'v1', CLICK, true],
    ['a v2 click with too long a post token', 'v2', { post_token: 'x'.repeat(11) }, false],
  ] as const)('for clicks agree with the gateway: %s', (_, wire, body, isV2) => {
    // A header selects the version, so the document accepts both.
    const isClick = isTaken(() => parseClick(wire, body)) || isV2
    expect(judge.takes('post', '/divar/session', body)).toBe(isClick)
  })
})
