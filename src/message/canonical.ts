import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Message } from './message.ts'
import { writeV1 } from './wire-v1.ts'
import { writeV2 } from './wire-v2.ts'

/** A message as a send body that `parseStoredMessage` reads back: what is stored of it. */
export function writeSendBody(message: Message): JsonObject {
  const { address } = message
  return address.kind === 'triple' ? writeV1(message) : { conversation_id: address.conversationId, ...writeV2(message) }
}

/** One text for all messages that are the same, whatever the order of their keys. */
export function canonicalText(message: Message): string {
  return JSON.stringify(sortKeys(writeSendBody(message)))
}

/** One text for each conversation; who of the two speaks makes no difference. */
export function conversationText({ address }: Message): string {
  return address.kind === 'triple'
    ? JSON.stringify(['v1', address.postToken, ...[address.userId, address.peerId].sort()])
    : JSON.stringify(['v2', address.conversationId])
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isJsonObject(value)) return value
  const keys = Object.keys(value).sort()
  // Pairs, since an object would put keys that look like numbers first, and take __proto__ for its own.
  return keys.map((key) => [key, sortKeys(value[key])])
}
