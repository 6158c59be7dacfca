import type { IncomingHttpHeaders } from 'node:http'
import { Webhook } from 'standardwebhooks'
import * as z from 'zod'
import type { createGatewayClient } from './app-gateway.ts'
import { botMessage } from './app-messages.ts'

/** What the app reads of an event. A type that Divar does not document is not printed. */
const eventSchema = z.object({
  id: z.string().regex(/^dve_[\w-]{1,64}$/),
  type: z.string().regex(/^[A-Z_]{1,64}$/),
  conversation: z.object({ id: z.string() }).optional(),
  sender: z.object({ type: z.string().optional() }).optional(),
})
type Event = z.infer<typeof eventSchema>

type EventReceiverOptions = {
  gateway: ReturnType<typeof createGatewayClient>
  /** Signs the events: `whsec_` and base64. */
  secret: string
  /** Of the report that the bot's button opens. */
  reportUrl: () => string
  log: (line: string) => void
}

/** The app's receiver of events: checks the signature, prints a line without the text, and answers messages to the bot. */
export function createEventReceiver({ gateway, secret, reportUrl, log }: EventReceiverOptions) {
  const webhook = new Webhook(secret)
  const read = (body: string, headers: IncomingHttpHeaders): Event | undefined => {
    try {
      const signed = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
      return eventSchema.safeParse(webhook.verify(body, Object.fromEntries(signed))).data
    } catch {
      return undefined
    }
  }

  /** @returns the status of the answer; after 503 the gateway sends the event again */
  return async (body: string, headers: IncomingHttpHeaders): Promise<number> => {
    const event = read(body, headers)
    if (event === undefined) {
      log('app refused an event: no valid signature, or not an event')
      return 401
    }
    log(`app got ${event.type} ${event.id}, signature verified`)
    if (event.type !== 'NEW_CHATBOT_MESSAGE' || event.sender?.type === 'BOT' || !event.conversation) return 204
    // An event may come twice; with its id as the key, the answer is sent once.
    const problem = await gateway.send(botMessage(event.conversation.id, reportUrl()), { 'idempotency-key': event.id })
    if (problem === undefined) return 204
    log(`  the bot's answer was not sent: ${problem.code}`)
    return 503
  }
}
