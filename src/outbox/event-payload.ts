import * as z from 'zod'
import { lineText, type DivarEvent } from '../event/event.ts'
import { EVENTS_CALLER } from '../store/store.ts'
import { createSignedWebhook, type WebhookOptions } from './signed-webhook.ts'
import type { DeliveryTarget } from './worker.ts'

/** The sealed payload of an event, bound to its row by caller and kind. */
const payloadSchema = z.object({
  caller: z.literal(EVENTS_CALLER),
  kind: z.literal('event'),
  event: z.looseObject({ id: z.string(), conversation: z.looseObject({ id: z.string().optional() }).optional() }),
})

export function writeEventPayload(event: DivarEvent): string {
  return JSON.stringify({ caller: EVENTS_CALLER, kind: 'event', event })
}

/** The text of the event's line; undefined when the payload is not that of the event with this id. */
export function lineOfEventPayload(id: string, text: string): string | undefined {
  const event = payloadSchema.safeParse(JSON.parse(text)).data?.event
  return event?.id === id ? lineText(event) : undefined
}

/** Client errors that a repeat may not meet again: a timeout, a conflict, too early, too many requests. */
const PASSING = new Set([408, 409, 425, 429])

/** Passes an event on once. Any other 4xx refuses it for good; after anything else it is retried. */
export function createEventWebhook(options: WebhookOptions): DeliveryTarget['deliver'] {
  const isFinal = (status: number) => status >= 400 && status < 500 && !PASSING.has(status)
  const post = createSignedWebhook(options, { as: 'deliver event', isFinal })
  return (id, text, trace) => post(id, JSON.stringify(payloadSchema.parse(JSON.parse(text)).event), trace)
}
