import express from 'express'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import * as z from 'zod'
import { answerOf, CALLER_KEY, DIVAR_KEY, isKey, pathOf, PLATFORM_KEY, PLATFORM_URL, PORT } from './shared.mjs'

/** Plain Express as its documentation shows it: helmet, pino-http, `express.json`, zod, and the global `fetch`. */

const party = z.object({ id: z.string().max(128).nullish() })
const clickSchema = z.object({
  post_token: z.string().min(1).max(64),
  user_id: z.string().min(1).max(128),
  peer_id: z.string().min(1).max(128),
  Supplier: party.nullish(),
  demand: party.nullish(),
  callback_url: z.string().max(2048).nullish(),
  extra_data: z.object({
    provider_data: z.looseObject({ order_id: z.string() }),
    location: z.object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) }).nullish(),
  }),
})

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

const requireKey = (header, key) => (request, response, next) => {
  if (isKey(request.get(header), key)) next()
  else response.status(401).end()
}

const app = express()
app.use(pinoHttp())
app.use(helmet())
app.post('/divar/session', requireKey('authorization', DIVAR_KEY), express.json(), (request, response) => {
  response.json(answerOf(clickSchema.parse(request.body)))
})
app.post('/messages', requireKey('x-api-key', CALLER_KEY), express.json(), async (request, response) => {
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
