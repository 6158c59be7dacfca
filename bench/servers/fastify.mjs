import helmet from '@fastify/helmet'
import { fastify } from 'fastify'
import pino from 'pino'
import { answerOf, CALLER_KEY, DIVAR_KEY, isKey, pathOf, PLATFORM_KEY, PLATFORM_URL, PORT } from './shared.mjs'

/** fastify doing the gateway's work: helmet's headers, schemas for bodies and answers, and one buffered pino line for each request. */

const text = (maxLength) => ({ type: 'string', minLength: 1, maxLength })
const object = (properties, required = []) => ({ type: 'object', properties, required })
const array = (items, maxItems) => ({ type: 'array', items, maxItems })
const ratio = (limit) => ({ type: 'number', minimum: -limit, maximum: limit })

const party = object({ id: text(128) })
const click = object(
  {
    post_token: text(64),
    user_id: text(128),
    peer_id: text(128),
    Supplier: party,
    demand: party,
    callback_url: { type: 'string', maxLength: 2048 },
    extra_data: object({
      provider_data: object({}),
      location: object({ latitude: ratio(90), longitude: ratio(180) }, ['latitude', 'longitude']),
    }),
  },
  ['post_token', 'user_id', 'peer_id'],
)
const landing = object({ status: text(3), message: text(32), url: text(4096) })

const action = object({ open_server_link: object({ data: object({}) }), open_direct_link: text(4096) })
const button = object({ action, icon: text(128), caption: text(128) }, ['action', 'caption'])
const grid = object({ rows: array(object({ buttons: array(button, 3) }), 3) })
const send = object({ conversation_id: text(128), message: text(4096), sender_buttons: grid, receiver_buttons: grid }, [
  'conversation_id',
  'message',
])
const sent = object({ status: { type: 'integer' }, message: text(256), id: text(128) })

const app = fastify({
  loggerInstance: pino(pino.destination({ sync: false, minLength: 4096 })),
  disableRequestLogging: true,
})
await app.register(helmet)
app.addHook('onResponse', async (request, reply) => {
  const { method, url, id } = request
  request.log.info({ id, method, url, status: reply.statusCode, ms: reply.elapsedTime }, 'request')
})

const requireKey = (header, key) => async (request, reply) => {
  if (!isKey(request.headers[header], key)) return reply.code(401).send()
}

app.post(
  '/divar/session',
  { onRequest: requireKey('authorization', DIVAR_KEY), schema: { body: click, response: { 200: landing } } },
  async (request) => answerOf(request.body),
)
if (PLATFORM_URL) {
  const { Pool } = await import('undici')
  const pool = new Pool(PLATFORM_URL, { connections: 128, pipelining: 1 })
  app.post(
    '/messages',
    { onRequest: requireKey('x-api-key', CALLER_KEY), schema: { body: send, response: { 200: sent } } },
    async (request, reply) => {
      const { conversation_id, ...message } = request.body
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: pathOf(conversation_id),
        headers: {
          'content-type': 'application/json',
          'x-api-key': PLATFORM_KEY,
          authorization: request.headers.authorization,
        },
        body: JSON.stringify(message),
        signal: AbortSignal.timeout(5000),
      })
      reply.code(statusCode)
      return body.json()
    },
  )
}
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
