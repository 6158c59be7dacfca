import type { Click } from '../click/click.ts'
import { lineText } from '../event/event.ts'
import { conversationText } from '../message/message.ts'

/** How a conversation is named: by its id, or by its triple in v1. */
type Chat = {
  conversationId?: string | undefined
  triple?: { userId: string; postToken: string; peerId: string } | undefined
}

/** The texts whose MACs name a conversation in the store. A click that has both addresses is in both. */
export function chatTexts({ conversationId, triple }: Chat): string[] {
  return [
    ...(conversationId === undefined ? [] : [conversationText({ address: { kind: 'conversation', conversationId } })]),
    ...(triple === undefined ? [] : [conversationText({ address: { kind: 'triple', ...triple } })]),
  ]
}

export function chatTextsOfClick({ conversationId, userId, postToken, peerId }: Click): string[] {
  const isTriple = userId !== undefined && postToken !== undefined && peerId !== undefined
  return chatTexts({ conversationId, triple: isTriple ? { userId, postToken, peerId } : undefined })
}

/** Every text under which something of this conversation may be noted. */
export function chatTextsToFind(chat: Chat): string[] {
  const { conversationId } = chat
  if (conversationId === undefined) return chatTexts(chat)
  return [
    ...chatTexts(chat),
    conversationText({ address: { kind: 'bot_conversation', conversationId } }),
    lineText({ id: '', conversation: { id: conversationId } }),
  ]
}
