import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Message } from './message.ts'
import { writeV1 } from './wire-v1.ts'
import { writeV2 } from './wire-v2.ts'

/** The send body that is stored of a message; `parseStoredMessage` reads it back. */
export function writeSendBody(message: Message): JsonObject {
  const { address } = message
  return address.kind === 'triple' ? writeV1(message) : { conversation_id: address.conversationId, ...writeV2(message) }
}

/** Equal for equal messages, whatever the order of their keys. */
export function canonicalText(message: Message): string {
  return JSON.stringify(sortKeys(writeSendBody(message)))
}

/** Equal for messages of one conversation, in either direction. */
export function conversationText({ address }: Message): string {
  return address.kind === 'triple'
    ? JSON.stringify(['v1', address.postToken, ...[address.userId, address.peerId].sort()])
    : JSON.stringify(['v2', address.conversationId])
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isJsonObject(value)) return value
  const keys = Object.keys(value).sort()
  // Pairs, since objects order numeric keys first and treat __proto__ specially.
  return keys.map((key) => [key, sortKeys(value[key])])
}
