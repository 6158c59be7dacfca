import * as z from 'zod'
import { location, side, type Route } from './control-route.ts'
import type { Conversation } from './conversation.ts'
import { eventBody } from './event-bodies.ts'
import type { Sent } from './events.ts'
import { answerJson } from './http.ts'
import { revokeAccess } from './revocation.ts'
import { EVENT_TYPES, MESSAGE_TYPES, ODD_FORMS } from './shown.ts'
import type { Subscriptions } from './subscriptions.ts'

const json = z.record(z.string(), z.unknown())
const knownEvent = z.strictObject({
  type: z.enum(EVENT_TYPES),
  side: side.default('buyer'),
  message_type: z.enum(MESSAGE_TYPES).optional(),
  text: z.string().min(1).max(1000).optional(),
  location: location.optional(),
  update: z.string().min(1).max(64).optional(),
  metadata: json.optional(),
  odd: z.array(z.enum(ODD_FORMS)).default([]),
})
/** The second form is for types and members that are not known here. */
const shape = z.union([knownEvent, z.strictObject({ body: json })])

/** An event of a known type, with the metadata of the subscription that it is sent for. */
function known(wanted: z.infer<typeof knownEvent>, { world }: Conversation, subscriptions: Subscriptions): Sent {
  const { type, side: who } = wanted
  const subscribed = type === 'NEW_MESSAGE' ? 'NEW_MESSAGE_ON_POST' : type === 'POST_UPDATE' ? type : undefined
  const [first] = subscribed === undefined ? [] : subscriptions.about(subscribed, world)
  const metadata = wanted.metadata ?? first?.metadata
  const notes =
    subscribed !== undefined && first === undefined
      ? [`Divar sends this to a subscription only, and there is none for ${subscribed}.`]
      : []
  return { side: who, body: eventBody(world, { ...wanted, messageType: wanted.message_type, metadata }), notes }
}

/** Control routes of the events that the platform sends to the app. */
export const eventRoutes: [string, Route][] = [
  [
    'POST /simulator/events',
    async (body, { conversation, events, subscriptions }) => {
      const wanted = shape.parse(body)
      const entries = await events.send(
        'body' in wanted ? { body: wanted.body } : known(wanted, conversation, subscriptions),
      )
      return answerJson(
        entries.map(({ id, outcome, response }) => ({ entry_id: id, outcome, status: response?.status })),
      )
    },
  ],
  [
    'POST /simulator/revoke',
    (body, controlled) => answerJson(revokeAccess(controlled, z.strictObject({ side }).parse(body).side)),
  ],
  ['GET /simulator/subscriptions', (_, { subscriptions }) => answerJson(subscriptions.list())],
]
