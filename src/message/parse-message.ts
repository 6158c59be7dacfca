import { Fault } from '../base/fault.ts'
import { summarize } from '../base/fields.ts'
import { isJsonObject } from '../base/strict-json.ts'
import { BodyReader, type PathAddress } from './body-reader.ts'
import type { Message, Sender } from './message.ts'
import { isBotMessage, readBotMessage } from './parse-bot.ts'
import { readChatMessage } from './parse-chat.ts'
import { sendSchemas, storedSchemas, type SendSchemas } from './schemas.ts'

/** A parsed send request. */
export type Send = {
  message: Message
  sender: Sender
  /** At-least-once delivery: attempts whose outcome is unknown are retried too. */
  atLeastOnce: boolean
}

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
  const read = isBotMessage(body, path) ? readBotMessage : readChatMessage
  const { address, content, sender = {}, senderButtons, receiverButtons } = read(reader, schemas, path)
  if (address === undefined || content === undefined || reader.errors.length > 0) {
    throw new Fault('invalid_message', summarize(reader.errors), { errors: reader.errors })
  }
  return { message: { address, content, senderButtons, receiverButtons }, sender, atLeastOnce }
}
