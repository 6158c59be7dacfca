import * as z from 'zod'
import { side, type Route } from './control-route.ts'
import { firstCurl } from './first-curl.ts'
import { answerJson } from './http.ts'
import { resend } from './resend.ts'
import { saveSession, sessionShape } from './saved-session.ts'

const MAX_BODY = 64 * 1024
const again = z.strictObject({ entry_id: z.int().positive(), body: z.string().max(MAX_BODY) })
const json = z.record(z.string(), z.unknown(), { error: 'The body is not a JSON object.' })

/** Control routes of the timeline and of sessions. */
export const timelineRoutes: [string, Route][] = [
  [
    'DELETE /simulator/timeline',
    (_, { conversation }) => {
      conversation.clearTimeline()
      return answerJson({})
    },
  ],
  [
    'POST /simulator/resend',
    async (asked, controlled) => {
      const { entry_id: entryId, body } = again.parse(asked)
      const { id, outcome, response } = await resend(controlled, { entryId, body: json.parse(JSON.parse(body)) })
      return answerJson({ entry_id: id, outcome, status: response?.status })
    },
  ],
  [
    'GET /simulator/first-curl',
    (_, { conversation, shownGateway }, query) => {
      const { world, settings } = conversation
      return answerJson({ command: firstCurl({ world, settings }, shownGateway, side.parse(query.get('side'))) })
    },
  ],
  ['GET /simulator/session', (_, { conversation }) => answerJson(saveSession(conversation.snapshot()))],
  [
    'POST /simulator/session',
    (body, { conversation }) => {
      conversation.load(sessionShape.parse(body))
      return answerJson({})
    },
  ],
]
