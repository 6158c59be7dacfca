import type { Conversation } from './conversation.ts'
import { eventBody } from './event-bodies.ts'
import type { EventSender } from './events.ts'
import type { BotEntrance, ShownMessage, Side } from './shown.ts'

/** A user writes to the app's bot: the message appears in the user's chat, and the app gets an event. */
export function writeToBot(conversation: Conversation, events: EventSender, side: Side, text: string): ShownMessage {
  const said = conversation.say({ from: side, kind: 'text', chat: 'bot', text, buttons: { seller: [], buyer: [] } })
  void events.send({ side, body: eventBody(conversation.world, { type: 'NEW_CHATBOT_MESSAGE', side, text }) })
  return said
}

/** What the platform writes to a bot in the name of a user who opens it from there. */
export function startText({ world }: Conversation, entrance: BotEntrance): string {
  switch (entrance) {
    case 'CHAT':
      return `/start CHAT ${world.conversationId}`
    case 'MY_POST':
    case 'DEMAND_POST':
      return `/start ${entrance} ${world.post.token}`
    case 'MY_DIVAR':
    case 'DIVAR_PRO':
      return `/start ${entrance}`
  }
}
