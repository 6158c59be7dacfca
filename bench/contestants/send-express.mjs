import express from 'express'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import * as z from 'zod'
import { CALLER_KEY, isKey, pathOf, PLATFORM_KEY, PLATFORM_URL, PORT } from './shared.mjs'

/** What most would write: Express, zod and the global fetch. */

const action = z.union([
  z.object({ open_server_link: z.object({ data: z.looseObject({}) }) }),
  z.object({ open_direct_link: z.url().max(4096) }),
])
const button = z.object({ action, icon: z.string().max(128).nullish(), caption: z.string().min(1) })
const grid = z.object({ rows: z.array(z.object({ buttons: z.array(button).min(1).max(3) })).max(3) })
const sendSchema = z.object({
  conversation_id: z.string().min(1).max(128),
  message: z.string().min(1),
  sender_buttons: grid.nullish(),
  receiver_buttons: grid.nullish(),
})

const app = express()
app.use(pinoHttp())
app.use(helmet())
app.use((request, response, next) => {
  if (isKey(request.get('x-api-key'), CALLER_KEY)) next()
  else response.status(401).end()
})
app.post('/messages', express.json(), async (request, response) => {
  const { conversation_id, ...message } = sendSchema.parse(request.body)
  const answer = await fetch(`${PLATFORM_URL}${pathOf(conversation_id)}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': PLATFORM_KEY,
      authorization: request.get('authorization') ?? '',
    },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(5000),
  })
  response.status(answer.status).json(await answer.json())
})
app.listen(Number(PORT), '127.0.0.1')
