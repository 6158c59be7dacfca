import type { Conversation } from './conversation.ts'
import { eventBody } from './event-bodies.ts'
import type { EventSender } from './events.ts'
import type { ShownMessage } from './shown.ts'
import type { Subscriptions } from './subscriptions.ts'

/**
 * Tells the app of a person's message in the chat, once for each subscription. Messages of the app itself are not told; the documents do not
 * say what the platform does.
 */
export function tellSubscribers(
  { world }: Conversation,
  { events, subscriptions }: { events: EventSender; subscriptions: Subscriptions },
  { from: side, text, location }: ShownMessage,
): void {
  const messageType = location === undefined ? 'TEXT' : 'LOCATION'
  for (const { metadata } of subscriptions.about('NEW_MESSAGE_ON_POST', world)) {
    const body = eventBody(world, { type: 'NEW_MESSAGE', side, messageType, text, location, metadata })
    void events.send({ side, body })
  }
}
