import type { BodyReader, MessageParts, PathAddress } from './body-reader.ts'
import { fitsV1, type Address, type ButtonGrid, type Content, type Sender } from './message.ts'
import type { SendSchemas } from './schemas.ts'

/** Reads a message to a chat between users, in the format of v1 or v2. */
export function readChatMessage(reader: BodyReader, schemas: SendSchemas, path?: PathAddress): MessageParts {
  const address = readAddress(reader, schemas, path?.id)
  // With a conversation these select the grant and are not sent on; a v1 address names the user itself.
  const sender = address?.kind === 'conversation' ? readSender(reader, schemas) : {}
  const content = readContent(reader, schemas)
  const senderButtons = readButtons(reader, schemas, 'sender')
  const receiverButtons = readButtons(reader, schemas, 'receiver')
  if (address?.kind === 'triple') requireV1(reader, content, { sender: senderButtons, receiver: receiverButtons })
  return { address, sender, content, senderButtons, receiverButtons }
}

function readAddress(reader: BodyReader, schemas: SendSchemas, inPath: string | undefined): Address | undefined {
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

function readContent(reader: BodyReader, schemas: SendSchemas): Content | undefined {
  const mediaToken = reader.check('media_token', schemas.mediaToken)
  if (!mediaToken) {
    const text = reader.check('message', schemas.text)
    return text === undefined ? undefined : { kind: 'text', text }
  }
  const text = reader.given('message')
  if (text !== undefined && text !== '') reader.refuse('/message', 'expected text or media_token, not both')
  return { kind: 'media', mediaToken }
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
