import { canonicalJson, type JsonObject } from '../base/strict-json.ts'

/**
 * A chat between users: by its id (v2), or by user, post and peer (v1). Or a chat with the app's bot: by its id, or by its user. No form can
 * be converted into another.
 */
export type Address =
  | { kind: 'conversation'; conversationId: string }
  | { kind: 'triple'; userId: string; postToken: string; peerId: string }
  | { kind: 'bot_conversation'; conversationId: string }
  | { kind: 'bot_user'; userId: string }

/** Whether a chat is one with the app's bot. */
export function isToBot({ kind }: Address): boolean {
  return kind === 'bot_conversation' || kind === 'bot_user'
}

export type Content = { kind: 'text'; text: string } | { kind: 'media'; mediaToken: string }

/** What a click on a button does. */
export type Action =
  /** Session initialization with `data`; `LINK` on v1. */
  | { kind: 'open_server_link'; data: JsonObject }
  /** Opens a web address, as it was written; `DIRECT_LINK` on v1. */
  | { kind: 'open_direct_link'; url: string }
  | { kind: 'get_dynamic_action'; data: JsonObject }
  | { kind: 'open_post_page'; postToken: string }
  | { kind: 'open_post_manage_page'; postToken: string }

/** `icon` is not checked: Divar's list of icons grows. */
export type Button = { action: Action; icon?: string; caption: string }

/** Rows of buttons: at most three of at most three, none empty. */
export type ButtonGrid = readonly (readonly Button[])[]

/** A message to send, independent of the wire version. */
export type Message = {
  address: Address
  content: Content
  /** Buttons that the sending side sees. */
  senderButtons?: ButtonGrid | undefined
  /** Buttons that the receiving side sees; for a bot message, its only ones. */
  receiverButtons?: ButtonGrid | undefined
}

/** The sending user and the post, to select a grant by; a v1 address names both itself. */
export type Sender = { userId?: string | undefined; postToken?: string | undefined }

/** The send body that is stored of a message; `parseStoredMessage` reads it back. */
export function writeSendBody(message: Message): JsonObject {
  const { address } = message
  switch (address.kind) {
    case 'triple':
      return writeV1(message)
    case 'conversation':
      return { conversation_id: address.conversationId, ...writeV2(message) }
    case 'bot_conversation':
      return { bot: { conversation_id: address.conversationId }, ...writeBot(message) }
    case 'bot_user':
      return { bot: { user_id: address.userId }, ...writeBot(message) }
  }
}

/** Equal for equal messages, whatever the order of their keys. */
export function canonicalText(message: Message): string {
  return canonicalJson(writeSendBody(message))
}

/** Equal for messages of one conversation, in either direction. */
export function conversationText({ address }: Pick<Message, 'address'>): string {
  switch (address.kind) {
    case 'triple':
      return JSON.stringify(['v1', address.postToken, ...[address.userId, address.peerId].sort()])
    case 'conversation':
      return JSON.stringify(['v2', address.conversationId])
    case 'bot_conversation':
      return JSON.stringify(['bot', 'conversation', address.conversationId])
    case 'bot_user':
      return JSON.stringify(['bot', 'user', address.userId])
  }
}

/** Whether v1 can say these buttons: one, of the two kinds that it knows. */
export function fitsV1(grid: ButtonGrid): boolean {
  return writeButtonV1(grid) !== undefined
}

/** The v1 body of a message to a triple, members in the order of the platform's own samples. */
export function writeV1(message: Message): JsonObject {
  const { address, content } = message
  if (address.kind !== 'triple' || content.kind !== 'text') throw new Error('v1 carries texts to a triple only')
  return {
    user_id: address.userId,
    post_token: address.postToken,
    peer_id: address.peerId,
    type: 'TEXT',
    message: content.text,
    ...(message.senderButtons && { sender_btn: writeButtonV1(message.senderButtons) }),
    ...(message.receiverButtons && { receiver_btn: writeButtonV1(message.receiverButtons) }),
  }
}

function writeButtonV1(grid: ButtonGrid): JsonObject | undefined {
  const [button, ...others] = grid.flat()
  if (button === undefined || others.length > 0) return undefined
  const { action, icon, caption } = button
  const iconName = icon === undefined ? {} : { icon_name: icon }
  if (action.kind === 'open_server_link') {
    return { action: 'LINK', data: { ...iconName, extra_data: action.data, caption } }
  }
  if (action.kind === 'open_direct_link') {
    return { action: 'DIRECT_LINK', data: { ...iconName, direct_link: action.url, caption } }
  }
  return undefined
}

/** The v2 body of a message; the conversation's id is in the path. The published schema requires `message`, so media sends "". */
export function writeV2({ content, senderButtons, receiverButtons }: Message): JsonObject {
  return {
    ...(content.kind === 'text' ? { message: content.text } : { message: '', media_token: content.mediaToken }),
    ...(senderButtons && { sender_buttons: writeGridV2(senderButtons) }),
    ...(receiverButtons && { receiver_buttons: writeGridV2(receiverButtons) }),
  }
}

/** The body of a bot message; its address is in the path. The published schema requires `text_message`, so media sends "". */
export function writeBot({ content, receiverButtons: buttons }: Message): JsonObject {
  return {
    ...(content.kind === 'text'
      ? { text_message: content.text }
      : { text_message: '', media_token: content.mediaToken }),
    ...(buttons && { buttons: writeGridV2(buttons) }),
  }
}

function writeGridV2(grid: ButtonGrid): JsonObject {
  return { rows: grid.map((buttons) => ({ buttons: buttons.map(writeButtonV2) })) }
}

function writeButtonV2({ action, icon, caption }: Button): JsonObject {
  return { action: { [action.kind]: writeActionV2(action) }, ...(icon !== undefined && { icon }), caption }
}

function writeActionV2(action: Action): unknown {
  switch (action.kind) {
    case 'open_direct_link':
      return action.url
    case 'open_server_link':
    case 'get_dynamic_action':
      return { data: action.data }
    case 'open_post_page':
    case 'open_post_manage_page':
      return { post_token: action.postToken }
  }
}
