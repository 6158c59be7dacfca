import { Fault, type FieldError } from '../base/fault.ts'
import { summarize } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { findIgnoredMembers, meantName } from './ignored-members.ts'
import { fitsV1, type Address, type ButtonGrid, type Content, type Message, type Sender } from './message.ts'
import { BodyReader, sendSchemas, storedSchemas, type SendSchemas } from './schemas.ts'
import { readTimes, type Times } from './times.ts'

/** The chat that the request's path names. */
export type PathAddress = { kind: 'conversation' | 'bot_conversation' | 'bot_user'; id: string }

/** A parsed send request. */
export type Send = {
  message: Message
  sender: Sender
  /** At-least-once delivery: attempts whose outcome is unknown are retried too. */
  atLeastOnce: boolean
} & Times

/**
 * Parses a send body of any wire into one Message, checked to fit the wire of its address. Unknown members are
 * dropped, `null` means absent.
 * @throws Fault `invalid_message` with every error of the body
 */
export function parseSend(body: unknown, path?: PathAddress): Send {
  return readSend(body, sendSchemas, path)
}

/**
 * Parses a stored body. Earlier versions accepted control characters in ids and tokens, so this does too.
 * @throws Fault `invalid_message`
 */
export function parseStoredMessage(body: unknown): Message {
  return readSend(body, storedSchemas).message
}

function readSend(body: unknown, schemas: SendSchemas, path?: PathAddress): Send {
  if (!isJsonObject(body)) throw new Fault('invalid_message', 'body: expected a JSON object')
  const reader = new BodyReader(body)
  reader.check('type', schemas.type)
  const atLeastOnce = reader.check('delivery', schemas.delivery) === 'at-least-once'
  const times = readTimes(reader)
  const isBot = isBotMessage(body, path)
  const read = isBot ? readBotMessage : readChatMessage
  const { address, content, sender = {}, senderButtons, receiverButtons } = read(reader, schemas, path)
  if (address === undefined || content === undefined || reader.errors.length > 0) {
    const errors = [...reader.errors, ...misspelledMembers(body, isBot)]
    throw new Fault('invalid_message', summarize(errors), { errors })
  }
  return { message: { address, content, senderButtons, receiverButtons }, sender, atLeastOnce, ...times }
}

/** A misspelled member is probably why another one is missing. */
function misspelledMembers(body: JsonObject, isBot: boolean): FieldError[] {
  return findIgnoredMembers(body, isBot).members.flatMap((member) => {
    const meant = meantName(member)
    return meant === undefined ? [] : [{ pointer: member.pointer, detail: `not read; did you mean ${meant}?` }]
  })
}

/** Whether a body is a message of the app's bot: its path says so, or its member `bot`. */
export function isBotMessage(body: JsonObject, path?: PathAddress): boolean {
  if (path !== undefined && path.kind !== 'conversation') return true
  return Object.hasOwn(body, 'bot') && body['bot'] !== null
}

/** What a wire reads from a body; undefined parts were refused. */
type MessageParts = Pick<Message, 'senderButtons' | 'receiverButtons'> & {
  address: Address | undefined
  content: Content | undefined
  sender?: Sender
}

/** Reads a message to a chat between users, in the format of v1 or v2. */
function readChatMessage(reader: BodyReader, schemas: SendSchemas, path?: PathAddress): MessageParts {
  const address = readChatAddress(reader, schemas, path?.id)
  // With a conversation these select the grant and are not sent on; a v1 address names the user itself.
  const sender = address?.kind === 'conversation' ? readSender(reader, schemas) : {}
  const content = readContent(reader, schemas, 'message')
  const senderButtons = readButtons(reader, schemas, 'sender')
  const receiverButtons = readButtons(reader, schemas, 'receiver')
  if (address?.kind === 'triple') requireV1(reader, content, { sender: senderButtons, receiver: receiverButtons })
  return { address, sender, content, senderButtons, receiverButtons }
}

function readChatAddress(reader: BodyReader, schemas: SendSchemas, inPath: string | undefined): Address | undefined {
  const inBody = reader.given('conversation_id')
  if (inBody === undefined && inPath === undefined) return readTriple(reader, schemas)
  if (reader.given('peer_id') !== undefined) {
    reader.refuse('/peer_id', 'expected either conversation_id or user_id, post_token and peer_id, not both')
  }
  if (inBody !== undefined && inPath !== undefined && inBody !== inPath) {
    reader.refuse('/conversation_id', 'expected the conversation that the path names, or none')
  }
  const conversationId = reader.parse(schemas.conversationId, inBody ?? inPath, '/conversation_id')
  return conversationId === undefined ? undefined : { kind: 'conversation', conversationId }
}

function readTriple(reader: BodyReader, schemas: SendSchemas): Address | undefined {
  const userId = reader.check('user_id', schemas.userId)
  const postToken = reader.check('post_token', schemas.postToken)
  const peerId = reader.check('peer_id', schemas.peerId)
  if (userId === undefined || postToken === undefined || peerId === undefined) return undefined
  return { kind: 'triple', userId, postToken, peerId }
}

function readSender(reader: BodyReader, schemas: SendSchemas): Sender {
  const userId = reader.check('user_id', schemas.senderUserId) ?? undefined
  const postToken = reader.check('post_token', schemas.senderPostToken) ?? undefined
  return { userId, postToken }
}

function readButtons(reader: BodyReader, schemas: SendSchemas, side: 'sender' | 'receiver'): ButtonGrid | undefined {
  const single = reader.given(`${side}_btn`)
  const grid = reader.given(`${side}_buttons`)
  if (single !== undefined && grid !== undefined) {
    reader.refuse(`/${side}_btn`, `expected ${side}_btn or ${side}_buttons, not both`)
  }
  if (grid !== undefined) return reader.check(`${side}_buttons`, schemas.grid)
  if (single === undefined) return undefined
  const button = reader.check(`${side}_btn`, schemas.button)
  return button && [[button]]
}

/** Refuses what v1 cannot express. */
function requireV1(
  reader: BodyReader,
  content: Content | undefined,
  sides: Record<string, ButtonGrid | undefined>,
): void {
  if (content?.kind === 'media') {
    reader.refuse('/media_token', 'expected none: v1 carries texts only; use conversation_id')
  }
  for (const [side, grid] of Object.entries(sides)) {
    if (grid === undefined || fitsV1(grid)) continue
    reader.refuse(
      `/${side}_buttons`,
      'expected one button with open_server_link or open_direct_link: v1 carries no other; use conversation_id',
    )
  }
}

/** Reads a message of the app's bot. */
function readBotMessage(reader: BodyReader, schemas: SendSchemas, path?: PathAddress): MessageParts {
  const address = path === undefined ? readBotAddress(reader, schemas) : readBotPath(reader, schemas, path)
  const content = readBotContent(reader, schemas)
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

function readBotAddress(reader: BodyReader, schemas: SendSchemas): Address | undefined {
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
function readBotPath(reader: BodyReader, schemas: SendSchemas, { kind, id }: PathAddress): Address | undefined {
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
function readBotContent(reader: BodyReader, schemas: SendSchemas): Content | undefined {
  const isNamedMessage = reader.given('message') !== undefined
  const member = isNamedMessage ? 'message' : 'text_message'
  if (isNamedMessage && reader.given('text_message') !== undefined) {
    reader.refuse('/message', 'expected text_message or message, not both')
  }
  return readContent(reader, schemas, member)
}

/** A text in `member`, or a media token; an empty text beside one counts as absent. */
function readContent(reader: BodyReader, schemas: SendSchemas, member: string): Content | undefined {
  const mediaToken = reader.check('media_token', schemas.mediaToken)
  if (!mediaToken) {
    const text = reader.check(member, schemas.text)
    return text === undefined ? undefined : { kind: 'text', text }
  }
  const text = reader.given(member)
  if (text !== undefined && text !== '') reader.refuse(`/${member}`, 'expected text or media_token, not both')
  return { kind: 'media', mediaToken }
}
