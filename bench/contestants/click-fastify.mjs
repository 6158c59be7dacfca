import { fastify } from 'fastify'
import { answerOf, DIVAR_KEY, isKey, PORT } from './shared.mjs'

/** The fastest framework in common use, as its documentation has it: schemas for both bodies, and no log. */

const text = (maxLength) => ({ type: 'string', minLength: 1, maxLength })
const party = { type: 'object', properties: { id: text(128) } }

const click = {
  type: 'object',
  required: ['post_token', 'user_id', 'peer_id'],
  properties: {
    post_token: text(64),
    user_id: text(128),
    peer_id: text(128),
    Supplier: party,
    demand: party,
    callback_url: { type: 'string', maxLength: 2048 },
    extra_data: {
      type: 'object',
      properties: {
        provider_data: { type: 'object' },
        location: {
          type: 'object',
          required: ['latitude', 'longitude'],
          properties: {
            latitude: { type: 'number', minimum: -90, maximum: 90 },
            longitude: { type: 'number', minimum: -180, maximum: 180 },
          },
        },
      },
    },
  },
}
const answer = {
  type: 'object',
  properties: { status: { type: 'string' }, message: { type: 'string' }, url: { type: 'string' } },
}

const app = fastify({ logger: false })
app.addHook('onRequest', async (request, reply) => {
  if (!isKey(request.headers.authorization, DIVAR_KEY)) return reply.code(401).send()
})
app.post('/divar/session', { schema: { body: click, response: { 200: answer } } }, async (request) =>
  answerOf(request.body),
)
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
