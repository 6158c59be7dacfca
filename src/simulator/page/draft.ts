import type { ShownButton, ShownMessage, Side, Snapshot, Wire } from '../shown.ts'
import { withOffset } from './local-time.ts'

/** A message to the chat, or of the app's bot: to its conversation with a user, or to the user. */
export type Target = 'chat' | 'bot_conversation' | 'bot_user'
/** Whose buttons: each side of the chat has its own; a bot message has one grid. */
export type Place = 'sender' | 'receiver' | 'bot'

/** A button as it is being written. `data` is JSON text, perhaps not valid yet. */
export type ButtonDraft = {
  kind: ShownButton['kind']
  caption: string
  icon: string
  data: string
  url: string
  postToken: string
}
export type Grid = ButtonDraft[][]

/** A message as it is being written. */
export type Draft = {
  target: Target
  wire: Wire
  /** In whose name it is sent; of a bot message, who gets it. */
  side: Side
  text: string
  mediaToken: string
  grids: Record<Place, Grid>
  /** With the access token that the simulator knows, or with a grant of the gateway. */
  withToken: boolean
  /** `Prefer: respond-async`. */
  queued: boolean
  /** When a queued message may be sent, in local time as `<input type="datetime-local">` has it; empty for no such time. */
  notBefore: string
  expiresAt: string
}

/** The ids that a message is addressed with. */
export type Ids = Pick<Snapshot, 'post' | 'people' | 'conversationId'>

export const KINDS = [
  'open_server_link',
  'open_direct_link',
  'get_dynamic_action',
  'open_post_page',
  'open_post_manage_page',
] as const
const KINDS_V1 = ['open_server_link', 'open_direct_link'] as const

export function freshDraft(): Draft {
  const grids = { sender: [], receiver: [], bot: [] }
  return {
    target: 'chat',
    wire: 'v2',
    side: 'seller',
    text: '',
    mediaToken: '',
    grids,
    withToken: true,
    queued: false,
    notBefore: '',
    expiresAt: '',
  }
}

export function freshButton(): ButtonDraft {
  return { kind: 'open_server_link', caption: '', icon: '', data: '{}', url: '', postToken: '' }
}

export const isV1 = ({ target, wire }: Draft): boolean => target === 'chat' && wire === 'v1'
export const placesOf = ({ target }: Draft): Place[] => (target === 'chat' ? ['sender', 'receiver'] : ['bot'])
export const kindsOf = (draft: Draft): readonly ShownButton['kind'][] => (isV1(draft) ? KINDS_V1 : KINDS)
/** Rows, and buttons in a row. */
export const limitOf = (draft: Draft): number => (isV1(draft) ? 1 : 3)

/** What v1 cannot carry stays in the draft and is not sent. */
export function gridOf(draft: Draft, place: Place): Grid {
  const limit = limitOf(draft)
  return draft.grids[place].slice(0, limit).map((row) => row.slice(0, limit))
}

export function kindOf(draft: Draft, { kind }: ButtonDraft): ShownButton['kind'] {
  return kindsOf(draft).includes(kind) ? kind : 'open_server_link'
}

/** Whose phone shows these buttons. */
export function readerOf({ side }: Draft, place: Place): Side {
  if (place !== 'receiver') return side
  return side === 'seller' ? 'buyer' : 'seller'
}

type ReadData = { data: Record<string, unknown> } | { error: 'notJson' | 'notObject' }

/** The data of a button; an empty text means none. */
export function readData(text: string): ReadData {
  if (text.trim() === '') return { data: {} }
  try {
    const data: unknown = JSON.parse(text)
    return isObject(data) ? { data } : { error: 'notObject' }
  } catch {
    return { error: 'notJson' }
  }
}

/** The body of `POST /messages`. Data that is no JSON object yet is left empty. */
export function bodyOf(draft: Draft, ids: Ids): Record<string, unknown> {
  return { ...contentOf(draft, ids), ...timesOf(draft) }
}

/** Only a queued message has them. */
function timesOf({ queued, notBefore, expiresAt }: Draft): Record<string, string> {
  const [from, until] = queued ? [withOffset(notBefore), withOffset(expiresAt)] : []
  return { ...(from !== undefined && { not_before: from }), ...(until !== undefined && { expires_at: until }) }
}

function contentOf(draft: Draft, { people, post, conversationId }: Ids): Record<string, unknown> {
  const { target, side, text, mediaToken } = draft
  const user = people[side]
  const textOr = (member: string) => ({
    ...((text !== '' || mediaToken === '') && { [member]: text }),
    ...(mediaToken !== '' && { media_token: mediaToken }),
  })
  if (target !== 'chat') {
    const bot = target === 'bot_user' ? { user_id: user.v2Id } : { conversation_id: user.botConversationId }
    return { bot, ...textOr('text_message'), ...wireGrid(draft, 'bot', 'buttons') }
  }
  if (draft.wire === 'v1') {
    const peer = people[side === 'seller' ? 'buyer' : 'seller']
    return {
      user_id: user.v1Id,
      post_token: post.token,
      peer_id: peer.v1Id,
      type: 'TEXT',
      message: text,
      ...wireButton(draft, 'sender'),
      ...wireButton(draft, 'receiver'),
    }
  }
  return {
    conversation_id: conversationId,
    user_id: user.v2Id,
    ...textOr('message'),
    ...wireGrid(draft, 'sender', 'sender_buttons'),
    ...wireGrid(draft, 'receiver', 'receiver_buttons'),
  }
}

function wireButton(draft: Draft, place: 'sender' | 'receiver'): Record<string, unknown> {
  const button = gridOf(draft, place)[0]?.[0]
  if (button === undefined) return {}
  const { caption, icon } = button
  const about = { ...(icon !== '' && { icon_name: icon }), caption }
  const read = readData(button.data)
  return {
    [`${place}_btn`]:
      kindOf(draft, button) === 'open_direct_link'
        ? { action: 'DIRECT_LINK', data: { ...about, direct_link: button.url } }
        : { action: 'LINK', data: { ...about, extra_data: 'data' in read ? read.data : {} } },
  }
}

function wireGrid(draft: Draft, place: Place, member: string): Record<string, unknown> {
  const rows = gridOf(draft, place).map((row) => ({
    buttons: row.map((button) => {
      const { icon, caption } = button
      return { action: wireAction(kindOf(draft, button), button), ...(icon !== '' && { icon }), caption }
    }),
  }))
  return rows.length === 0 ? {} : { [member]: { rows } }
}

function wireAction(kind: ShownButton['kind'], { data, url, postToken }: ButtonDraft): Record<string, unknown> {
  switch (kind) {
    case 'open_direct_link':
      return { [kind]: url }
    case 'open_post_page':
    case 'open_post_manage_page':
      return { [kind]: { post_token: postToken } }
    case 'open_server_link':
    case 'get_dynamic_action': {
      const read = readData(data)
      return { [kind]: 'data' in read ? { data: read.data } : {} }
    }
  }
}

/** The message as the phones would show it. */
export function shownOf(draft: Draft, at: string): ShownMessage {
  const { target, side, text, mediaToken, wire } = draft
  const buttons: ShownMessage['buttons'] = { seller: [], buyer: [] }
  for (const place of placesOf(draft)) {
    buttons[readerOf(draft, place)] = gridOf(draft, place).map((row) => row.map((one) => shownButton(draft, one)))
  }
  return {
    id: 'draft',
    at,
    from: side,
    kind: 'app',
    text,
    ...(mediaToken !== '' && !isV1(draft) && { mediaToken }),
    ...(target === 'chat' ? { wire } : { chat: 'bot' }),
    buttons,
  }
}

function shownButton(draft: Draft, button: ButtonDraft): ShownButton {
  const { caption, icon } = button
  return { kind: kindOf(draft, button), caption, ...(icon !== '' && { icon }) }
}

/** A message of the chat as a draft, to be sent again as the one before would be. Of a person's message that is its text. */
export function draftOf(message: ShownMessage, before: Draft): Draft {
  const { withToken, queued, notBefore, expiresAt } = before
  const { from, chat, buttons } = message
  const isApp = message.kind === 'app'
  const gridFor = (side: Side): Grid => (isApp ? buttons[side].map((row) => row.map(buttonDraft)) : [])
  const other = from === 'seller' ? 'buyer' : 'seller'
  const isBot = chat === 'bot'
  return {
    target: isBot ? 'bot_conversation' : 'chat',
    wire: message.wire ?? 'v2',
    side: from,
    text: message.text,
    mediaToken: message.mediaToken ?? '',
    grids: {
      sender: isBot ? [] : gridFor(from),
      receiver: isBot ? [] : gridFor(other),
      bot: isBot ? gridFor(from) : [],
    },
    withToken,
    queued,
    notBefore,
    expiresAt,
  }
}

function buttonDraft({ kind, caption, icon = '', data, url = '', postToken = '' }: ShownButton): ButtonDraft {
  return { kind, caption, icon, data: JSON.stringify(data ?? {}, null, 2), url, postToken }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
