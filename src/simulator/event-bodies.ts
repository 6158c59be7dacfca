import { randomUUID } from 'node:crypto'
import type { EventType, MessageType, OddForm, Side } from './shown.ts'
import type { World } from './world.ts'

/** An event to be told to the app. */
export type WantedEvent = {
  type: EventType
  /** Whose message, access, post or payment it is about. */
  side: Side
  messageType?: MessageType | undefined
  text?: string | undefined
  location?: { latitude: number; longitude: number } | undefined
  /** Of POST_UPDATE. */
  update?: string | undefined
  /** What the subscription was registered with. */
  metadata?: Record<string, unknown> | undefined
  /** Forms that were seen besides the documented ones. */
  odd?: readonly OddForm[] | undefined
}

const FILES = 'https://files.example.com'

/** The body of an event, as the platform writes it. */
export function eventBody(world: World, event: WantedEvent, at = new Date()): Record<string, unknown> {
  const { metadata, odd = [] } = event
  return {
    ...(odd.includes('at_type') && { '@type': 'type.googleapis.com/open_platform.Event' }),
    type: event.type,
    ...(metadata && { [odd.includes('meta_data') ? 'meta_data' : 'metadata']: metadata }),
    ...contentOf(world, event, at),
  }
}

function contentOf(world: World, event: WantedEvent, at: Date): Record<string, unknown> {
  const { side, update = 'PUBLISH', odd = [] } = event
  switch (event.type) {
    case 'NEW_MESSAGE':
      return { new_message: message(world, event, at) }
    case 'NEW_CHATBOT_MESSAGE':
      return { new_chatbot_message: message(world, event, at) }
    case 'USER_ACCESS_REVOCATION':
      return { user_access_revocation: { user_id: world.people[side].v2Id } }
    case 'POST_UPDATE':
      return { post_update: { type: update, post: updatedPost(world, update) } }
    case 'PAYMENT_TRANSACTION':
      return { [odd.includes('payment_transaction') ? 'payment_transaction' : 'transaction']: transaction(at) }
  }
}

function message({ people, post, conversationId }: World, event: WantedEvent, at: Date): Record<string, unknown> {
  const { type, side, messageType = 'TEXT', odd = [] } = event
  const isToBot = type === 'NEW_CHATBOT_MESSAGE'
  return {
    ...(odd.includes('at_type') && { '@type': 'type.googleapis.com/chat.Message' }),
    id: randomUUID(),
    conversation: isToBot
      ? { id: people[side].botConversationId, type: 'BOT' }
      : { id: conversationId, type: 'POST', post_token: post.token },
    sender: {
      ...(!isToBot && { side: side === 'seller' ? 'SELLER' : 'BUYER' }),
      type: odd.includes('sender_user') ? 'USER' : 'HUMAN',
    },
    type: messageType,
    sent_at: sentAt(at, odd),
    ...dataOf(messageType, event, odd),
  }
}

/** RFC 3339 with microseconds, or microseconds since 1970 as a number or as a text. */
function sentAt(at: Date, odd: readonly OddForm[]): string | number {
  const micros = at.getTime() * 1000
  if (odd.includes('sent_at_number')) return micros
  if (odd.includes('sent_at_string')) return String(micros)
  return at.toISOString().replace('Z', '000Z')
}

function dataOf(type: MessageType, { text = 'سلام', location }: WantedEvent, odd: readonly OddForm[]) {
  const bytes = (count: number) => ({ size_bytes: odd.includes('size_string') ? String(count) : count })
  switch (type) {
    case 'TEXT':
      return { text }
    case 'IMAGE':
      return { image_data: { link: `${FILES}/bike.jpg`, width_px: 1280, height_px: 960, ...bytes(182_044) } }
    case 'FILE':
      return { file_data: { link: `${FILES}/report.pdf`, name: 'report.pdf', ...bytes(48_210) } }
    case 'VOICE':
      return { voice_data: { link: `${FILES}/voice.m4a`, ...bytes(90_112) } }
    case 'VIDEO':
      return {
        video_data: { link: `${FILES}/ride.mp4`, thumbnail_link: `${FILES}/ride.jpg`, ...bytes(4_820_118) },
      }
    case 'LOCATION':
      return { location_data: location ?? { latitude: 35.70042, longitude: 51.39915 } }
    case 'CONTACT':
      return { contact_data: { name: 'آرش', phone: '09120000002' } }
  }
}

/** An event about a post that is offline has only the post's token. */
function updatedPost({ post }: World, update: string): Record<string, unknown> {
  if (update === 'ONGOING' || update === 'ARCHIVE') return { token: post.token }
  return { token: post.token, category: 'bicycle', city: 'tehran', data: { title: post.title.fa } }
}

function transaction(at: Date): Record<string, unknown> {
  return {
    id: randomUUID(),
    type: 'TRANSACTION_TYPE_RENEW',
    state: 'TRANSACTION_STATE_COMPLETED',
    cost_rials: '150000',
    created_at: at.toISOString(),
  }
}
