import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { BodyReader, MessageParts, PathAddress } from './body-reader.ts'
import type { Address, Content } from './message.ts'
import type { SendSchemas } from './schemas.ts'

/** Whether a body is a message of the app's bot: its path says so, or its member `bot`. */
export function isBotMessage(body: JsonObject, path?: PathAddress): boolean {
  if (path !== undefined && path.kind !== 'conversation') return true
  return Object.hasOwn(body, 'bot') && body['bot'] !== null
}

/** Reads a message of the app's bot. */
export function readBotMessage(reader: BodyReader, schemas: SendSchemas, path?: PathAddress): MessageParts {
  const address = path === undefined ? readAddress(reader, schemas) : readPathAddress(reader, schemas, path)
  const content = readContent(reader, schemas)
  for (const member of OTHER_BUTTONS) {
    if (reader.given(member) !== undefined) {
      reader.refuse(`/${member}`, 'expected none: a bot message has one grid, buttons')
    }
  }
  const receiverButtons = reader.given('buttons') === undefined ? undefined : reader.check('buttons', schemas.grid)
  return { address, content, receiverButtons }
}

const OTHER_BUTTONS = ['sender_btn', 'receiver_btn', 'sender_buttons', 'receiver_buttons']
const OTHER_ADDRESSES = ['conversation_id', 'user_id', 'post_token', 'peer_id']
const botError = 'expected an object with exactly one of conversation_id and user_id'

function readAddress(reader: BodyReader, schemas: SendSchemas): Address | undefined {
  for (const member of OTHER_ADDRESSES) {
    if (reader.given(member) !== undefined)
      reader.refuse(`/${member}`, 'expected none beside bot, which is the address')
  }
  const bot = reader.given('bot')
  const { conversation_id: conversation, user_id: user } = isJsonObject(bot) ? bot : {}
  const hasConversation = conversation !== undefined && conversation !== null
  const hasUser = user !== undefined && user !== null
  if (hasConversation === hasUser) {
    reader.refuse('/bot', botError)
    return undefined
  }
  return hasConversation
    ? toConversation(reader.parse(schemas.conversationId, conversation, '/bot/conversation_id'))
    : toUser(reader.parse(schemas.botUserId, user, '/bot/user_id'))
}

/** Clients of the platform repeat the path's id in the body. */
function readPathAddress(reader: BodyReader, schemas: SendSchemas, { kind, id }: PathAddress): Address | undefined {
  if (reader.given('bot') !== undefined) reader.refuse('/bot', 'expected none: the path names the address')
  if (kind === 'conversation') return undefined
  const [own, other] = kind === 'bot_user' ? ['user_id', 'conversation_id'] : ['conversation_id', 'user_id']
  const repeated = reader.given(own)
  if (repeated !== undefined && repeated !== id) {
    reader.refuse(`/${own}`, `expected the ${own} that the path names, or none`)
  }
  if (reader.given(other) !== undefined) reader.refuse(`/${other}`, `expected none: the path names a ${own}`)
  return kind === 'bot_user'
    ? toUser(reader.parse(schemas.botUserId, id, '/user_id'))
    : toConversation(reader.parse(schemas.conversationId, id, '/conversation_id'))
}

function toConversation(conversationId: string | undefined): Address | undefined {
  return conversationId === undefined ? undefined : { kind: 'bot_conversation', conversationId }
}

function toUser(userId: string | undefined): Address | undefined {
  return userId === undefined ? undefined : { kind: 'bot_user', userId }
}

/** `message`, as on the other wires, means the same as `text_message`, the platform's name. */
function readContent(reader: BodyReader, schemas: SendSchemas): Content | undefined {
  const isNamedMessage = reader.given('message') !== undefined
  const member = isNamedMessage ? 'message' : 'text_message'
  if (isNamedMessage && reader.given('text_message') !== undefined) {
    reader.refuse('/message', 'expected text_message or message, not both')
  }
  const mediaToken = reader.check('media_token', schemas.mediaToken)
  if (!mediaToken) {
    const text = reader.check(member, schemas.text)
    return text === undefined ? undefined : { kind: 'text', text }
  }
  const text = reader.given(member)
  if (text !== undefined && text !== '') reader.refuse(`/${member}`, 'expected text or media_token, not both')
  return { kind: 'media', mediaToken }
}
