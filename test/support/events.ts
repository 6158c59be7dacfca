import { createServer, type IncomingHttpHeaders } from 'node:http'
import { randomBytes } from 'node:crypto'
import supertest, { type Test } from 'supertest'
import { Webhook } from 'standardwebhooks'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import { KEYS } from './gateway.ts'
import { originOf } from './listen.ts'
import { eventually } from './outbox.ts'
import { parseJson, type Json } from './requests.ts'

/** An event of Divar's, as the gateway's public port gets it. */
export function sendEvent({ url }: { url: string }, body: string | object, headers: Record<string, string> = {}): Test {
  return supertest(url)
    .post('/divar/events')
    .set({ authorization: KEYS.identification, 'content-type': 'application/json', ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A new message in a chat, as Divar reports it. */
export function newMessageEvent(conversation: string, id: string, more: object = {}): object {
  return {
    type: 'NEW_MESSAGE',
    new_message: {
      id,
      conversation: { id: conversation, type: 'POST', post_token: 'AZf3Uqr3' },
      sender: { side: 'BUYER', type: 'HUMAN' },
      type: 'TEXT',
      sent_at: 1795968114123456,
      text: `text of ${id}`,
      ...more,
    },
  }
}

/** A received event, with its signature verified. */
type ReceivedEvent = { webhookId: string; headers: IncomingHttpHeaders; text: string; event: Json }

export type EventReceiver = {
  environment: Environment
  secret: string
  /** The accepted events in order. */
  events: ReceivedEvent[]
  /** Every request, with the status of its answer. */
  asked: { webhookId: string; status: number }[]
  /** Resolves with the accepted events once there are so many. */
  received: (count: number) => Promise<ReceivedEvent[]>
}

/** A service that receives events. `answer` gives the status of each answer; 204 without it. */
export async function startEventReceiver(answer: (event: Json) => number = () => 204): Promise<EventReceiver> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const verifier = new Webhook(secret)
  const events: ReceivedEvent[] = []
  const asked: EventReceiver['asked'] = []
  const url = await originOf(
    createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
      request.on('end', () => {
        const { headers } = request
        const webhookId = String(headers['webhook-id'])
        verifier.verify(text, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])))
        const event = parseJson(text)
        const status = answer(event)
        asked.push({ webhookId, status })
        if (status < 300) events.push({ webhookId, headers, text, event })
        response.writeHead(status).end()
      })
    }),
  )
  return {
    environment: { EVENTS_URL: `${url}/divar?from=gateway`, EVENTS_SECRET: secret },
    secret,
    events,
    asked,
    received: (count) =>
      eventually(() => Promise.resolve(events.length >= count ? [...events] : undefined), `${count} events`),
  }
}

/** Status codes to give one after the other, then 204. */
export function statuses(...codes: number[]): () => number {
  return () => codes.shift() ?? 204
}

const withMessage = z.object({ message: z.object({ id: z.string() }) })

/** The id of the message in an event that was passed on. */
export function messageIdOf(event: object): string {
  return withMessage.parse(event).message.id
}
