import { canonicalJson, type JsonObject } from '../base/strict-json.ts'

/** The types that Divar documents. The set is open: others are passed on too. */
export const EVENT_TYPES = [
  'NEW_MESSAGE',
  'NEW_CHATBOT_MESSAGE',
  'USER_ACCESS_REVOCATION',
  'POST_UPDATE',
  'PAYMENT_TRANSACTION',
] as const
type EventType = (typeof EVENT_TYPES)[number]

/** Texts, each of which may be absent. */
type Part<Name extends string> = Partial<Record<Name, string | undefined>>

/** Something that Divar reports about a chat, a post or a user. Members are in Divar's notation, since the receiver reads them so. */
export type DivarEvent = {
  /** Opaque and unguessable; the `webhook-id` of its delivery. */
  id: string
  type: string
  /** RFC 3339. */
  received_at: string
  conversation?: Part<'id' | 'type' | 'post_token'>
  sender?: Part<'side' | 'type'>
  /** `id`, `type`, `sent_at` (RFC 3339 in UTC), `text`, and one object for each kind of media. */
  message?: Part<'id' | 'type' | 'sent_at' | 'text'> & Record<string, unknown>
  post_update?: { type?: string | undefined; post?: JsonObject | undefined }
  /** The user who revoked the app's access. */
  user_id?: string
  transaction?: JsonObject
  /** What the subscription was registered with. */
  metadata?: unknown
  /** Members that are unknown, or that could not be read, as they came: those of an object under the object's name. */
  extra: JsonObject
}

/** The documented type that this is, for labels of metrics and for the log; otherwise `other`. */
export function knownType(type: string): EventType | 'other' {
  return EVENT_TYPES.find((known) => known === type) ?? 'other'
}

/** Equal for two reports of one event; undefined without a message's id, when nothing tells them apart from two events. */
export function identityText({ type, conversation, message, metadata }: DivarEvent): string | undefined {
  if (message?.id === undefined) return undefined
  return canonicalJson([type, conversation?.id ?? null, message.id, metadata ?? null])
}

/** Equal for the events of one conversation, which are passed on in order. An event without a conversation has a line of its own. */
export function lineText({
  id,
  conversation,
}: {
  id: string
  conversation?: { id?: string | undefined } | undefined
}): string {
  return JSON.stringify(conversation?.id === undefined ? ['event', null, id] : ['event', conversation.id])
}
