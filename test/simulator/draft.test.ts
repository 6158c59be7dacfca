import { describe, expect, test } from '@jest/globals'
import {
  bodyOf,
  draftOf,
  freshButton,
  freshDraft,
  readData,
  shownOf,
  type Draft,
} from '../../src/simulator/page/draft.ts'
import { fieldOf } from '../../src/simulator/page/field-of.ts'
import { addButton, moveButton, removeButton, rowForNext } from '../../src/simulator/page/grid-moves.ts'
import { readDraft } from '../../src/simulator/page/saved-draft.ts'
import { readBotSend, readSend } from '../../src/simulator/send-shape.ts'
import { createWorld } from '../../src/simulator/world.ts'

const world = createWorld()
const button = (changes: Partial<ReturnType<typeof freshButton>>) => ({ ...freshButton(), caption: 'زمان', ...changes })
const ALL = [
  [button({ icon: 'INFO', data: '{"slot":1}' }), button({ kind: 'open_direct_link', url: 'https://app.example.com/' })],
  [
    button({ kind: 'get_dynamic_action' }),
    button({ kind: 'open_post_page', postToken: 'p-1' }),
    button({ kind: 'open_post_manage_page', postToken: 'p-1' }),
  ],
]
const draft: Draft = { ...freshDraft(), text: 'سلام', grids: { sender: [], receiver: ALL, bot: ALL } }

describe('the body of a composed message', () => {
  test('on v2 is one that Divar accepts, with a grid for the side that has buttons', () => {
    const body = bodyOf(draft, world)
    expect(readSend('v2', body)).toMatchObject({ text: 'سلام', errors: [], notes: [], sender: [] })
    expect(body).toEqual({
      conversation_id: world.conversationId,
      user_id: world.people.seller.v2Id,
      message: 'سلام',
      receiver_buttons: {
        rows: [
          {
            buttons: [
              { action: { open_server_link: { data: { slot: 1 } } }, icon: 'INFO', caption: 'زمان' },
              { action: { open_direct_link: 'https://app.example.com/' }, caption: 'زمان' },
            ],
          },
          {
            buttons: [
              { action: { get_dynamic_action: { data: {} } }, caption: 'زمان' },
              { action: { open_post_page: { post_token: 'p-1' } }, caption: 'زمان' },
              { action: { open_post_manage_page: { post_token: 'p-1' } }, caption: 'زمان' },
            ],
          },
        ],
      },
    })
  })

  test('on v1 is one that Divar accepts, with the first button of each side', () => {
    const body = bodyOf({ ...draft, wire: 'v1', side: 'buyer' }, world)
    expect(readSend('v1', body)).toMatchObject({ text: 'سلام', errors: [], notes: [] })
    expect(body).toEqual({
      user_id: world.people.buyer.v1Id,
      post_token: world.post.token,
      peer_id: world.people.seller.v1Id,
      type: 'TEXT',
      message: 'سلام',
      receiver_btn: { action: 'LINK', data: { icon_name: 'INFO', caption: 'زمان', extra_data: { slot: 1 } } },
    })
  })

  test.each(['bot_conversation', 'bot_user'] as const)('of the bot (%s) is one that Divar accepts', (target) => {
    const body = bodyOf({ ...draft, target }, world)
    expect(readBotSend(body)).toMatchObject({ text: 'سلام', errors: [], notes: [] })
    const { v2Id, botConversationId } = world.people.seller
    expect(body['bot']).toEqual(target === 'bot_user' ? { user_id: v2Id } : { conversation_id: botConversationId })
  })

  test('has the times of a queued message with the offset of this machine, and none of another', () => {
    const timed = { ...draft, notBefore: '2026-12-01T08:00', expiresAt: '2026-12-01T10:00:30' }
    const body = bodyOf({ ...timed, queued: true }, world)
    expect(body).toMatchObject({
      not_before: expect.stringMatching(/^2026-12-01T08:00:00[+-]\d\d:\d\d$/),
      expires_at: expect.stringMatching(/^2026-12-01T10:00:30[+-]\d\d:\d\d$/),
    })
    expect(Date.parse(String(body['not_before']))).toBe(new Date(timed.notBefore).getTime())
    expect(bodyOf({ ...timed, queued: true, notBefore: '', expiresAt: 'soon' }, world)).toEqual(bodyOf(draft, world))
    expect(bodyOf(timed, world)).toEqual(bodyOf(draft, world))
  })

  test('has a media token in place of the text', () => {
    expect(bodyOf({ ...draft, text: '', mediaToken: 'm-1' }, world)).toMatchObject({ media_token: 'm-1' })
    expect(bodyOf({ ...draft, text: '', mediaToken: 'm-1' }, world)).not.toHaveProperty('message')
  })
})

test('a message of the chat, opened again, is sent with the same text and buttons', () => {
  for (const one of [draft, { ...draft, wire: 'v1' as const }, { ...draft, target: 'bot_conversation' as const }]) {
    const shown = { ...shownOf(one, '2026-01-01T00:00:00Z') }
    const { receiver, bot } = one.grids
    const full = { ...one, grids: { sender: receiver, receiver, bot } }
    const again = draftOf({ ...shown, buttons: shownOf(full, '').buttons }, freshDraft())
    expect(shownOf(again, '')).toEqual(shownOf(full, ''))
    expect([again.target, again.side]).toEqual([one.target, one.side])
  }
})

test('data must be a JSON object, or nothing', () => {
  expect(['', '{"a":1}', '[1]', '{"a":'].map(readData)).toEqual([
    { data: {} },
    { data: { a: 1 } },
    { error: 'notObject' },
    { error: 'notJson' },
  ])
})

test('a draft survives in the browser, and what is no draft is a fresh one', () => {
  expect(readDraft(JSON.stringify(draft))).toEqual(draft)
  expect([null, '', 'x', '[]', '{"grids":7}', '{"grids":{"sender":{}},"wire":9}'].map(readDraft)).toEqual(
    Array.from({ length: 6 }, freshDraft),
  )
})

test.each([
  ['/message', 'text'],
  ['/text_message', 'text'],
  ['/media_token', 'media'],
  ['/not_before', 'notBefore'],
  ['/expires_at', 'expiresAt'],
  ['/sender_btn/data/caption', { place: 'sender', row: 0, column: 0, field: 'caption' }],
  ['/receiver_btn/data/direct_link', { place: 'receiver', row: 0, column: 0, field: 'url' }],
  ['/sender_btn/data/extra_data', { place: 'sender', row: 0, column: 0, field: 'data' }],
  ['/receiver_buttons/rows/1/buttons/2/icon', { place: 'receiver', row: 1, column: 2, field: 'icon' }],
  ['/buttons/rows/0/buttons/1/action/open_direct_link', { place: 'bot', row: 0, column: 1, field: 'url' }],
  ['/buttons/rows/0/buttons/1/action/open_server_link/data', { place: 'bot', row: 0, column: 1, field: 'data' }],
  [
    '/buttons/rows/0/buttons/1/action/open_post_page/post_token',
    { place: 'bot', row: 0, column: 1, field: 'postToken' },
  ],
  ['/buttons/rows/0/buttons/1/action', { place: 'bot', row: 0, column: 1, field: 'kind' }],
  ['/user_id', undefined],
])('a mistake at %s is told beside its field', (pointer, field) => {
  expect(fieldOf(pointer)).toEqual(field)
})

describe('buttons in their grid', () => {
  const named = (rows: string[][]) => rows.map((row) => row.map((caption) => button({ caption })))
  const captions = (grid: { caption: string }[][] | undefined) => grid?.map((row) => row.map(({ caption }) => caption))

  test('are added in a row until it is full, then in the next, until the grid is full', () => {
    let grid = addButton([], 0).grid
    for (let count = 1; count < 9; count++) {
      const row = rowForNext(grid, { row: 0, column: 0 }, 3)
      grid = addButton(grid, row ?? 9).grid
    }
    expect(grid.map((row) => row.length)).toEqual([3, 3, 3])
    expect(rowForNext(grid, { row: 0, column: 0 }, 3)).toBeUndefined()
  })

  test('move to every side, change places with a full row, and leave no empty row', () => {
    const grid = named([['a', 'b', 'c'], ['d'], ['e', 'f', 'g']])
    const move = (row: number, column: number, direction: Parameters<typeof moveButton>[2]) =>
      captions(moveButton(grid, { row, column }, direction, 3)?.grid)
    expect(move(0, 0, 'forward')).toEqual([['b', 'a', 'c'], ['d'], ['e', 'f', 'g']])
    expect(move(0, 0, 'back')).toBeUndefined()
    expect(move(0, 1, 'down')).toEqual([
      ['a', 'c'],
      ['d', 'b'],
      ['e', 'f', 'g'],
    ])
    expect(move(1, 0, 'up')).toEqual([['d', 'b', 'c'], ['a'], ['e', 'f', 'g']])
    expect(move(2, 2, 'up')).toEqual([
      ['a', 'b', 'c'],
      ['d', 'g'],
      ['e', 'f'],
    ])
    expect(move(0, 0, 'up')).toBeUndefined()
    expect(captions(removeButton(grid, { row: 1, column: 0 }))).toEqual([
      ['a', 'b', 'c'],
      ['e', 'f', 'g'],
    ])
  })

  test('move into a new row below the last', () => {
    const moved = moveButton(named([['a', 'b']]), { row: 0, column: 0 }, 'down', 3)
    expect([captions(moved?.grid), moved?.at]).toEqual([[['b'], ['a']], { row: 1, column: 0 }])
    expect(moveButton(named([['a']]), { row: 0, column: 0 }, 'down', 3)).toBeUndefined()
  })
})
