import * as z from 'zod'
import { startText, writeToBot } from './bot.ts'
import { side, type Route } from './control-route.ts'
import { answerJson } from './http.ts'
import { BOT_ENTRANCES } from './shown.ts'

const shapes = {
  start: z.strictObject({ side, from: z.enum(BOT_ENTRANCES).default('CHAT') }),
  message: z.strictObject({ side, text: z.string().trim().min(1).max(1000) }),
}

/** Control routes of the chats with the app's bot. */
export const botRoutes: [string, Route][] = [
  [
    'POST /simulator/bot/start',
    (body, { conversation, events }) => {
      const { side: who, from } = shapes.start.parse(body)
      return answerJson(writeToBot(conversation, events, who, startText(conversation, from)), 201)
    },
  ],
  [
    'POST /simulator/bot/messages',
    (body, { conversation, events }) => {
      const { side: who, text } = shapes.message.parse(body)
      return answerJson(writeToBot(conversation, events, who, text), 201)
    },
  ],
]
