import * as z from 'zod'
import { location, side, type Route } from './control-route.ts'
import { eventBody } from './event-bodies.ts'
import { answerJson } from './http.ts'
import { EVENT_TYPES, MESSAGE_TYPES, ODD_FORMS } from './shown.ts'

const json = z.record(z.string(), z.unknown())
const shape = z.union([
  /** Any body, for types and members that are not known here. */
  z.strictObject({ body: json }),
  z.strictObject({
    type: z.enum(EVENT_TYPES),
    side: side.default('buyer'),
    message_type: z.enum(MESSAGE_TYPES).optional(),
    text: z.string().min(1).max(1000).optional(),
    location: location.optional(),
    update: z.string().min(1).max(64).optional(),
    metadata: json.optional(),
    odd: z.array(z.enum(ODD_FORMS)).default([]),
  }),
])

/** Control routes of the events that the platform sends to the app. */
export const eventRoutes: [string, Route][] = [
  [
    'POST /simulator/events',
    async (body, { conversation, events }) => {
      const wanted = shape.parse(body)
      const entries = await events.send(
        'body' in wanted
          ? { body: wanted.body }
          : { side: wanted.side, body: eventBody(conversation.world, { ...wanted, messageType: wanted.message_type }) },
      )
      return answerJson(
        entries.map(({ id, outcome, response }) => ({ entry_id: id, outcome, status: response?.status })),
      )
    },
  ],
]
