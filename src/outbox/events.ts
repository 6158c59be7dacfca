import * as z from 'zod'
import { identityText, lineText, type DivarEvent } from '../event/event.ts'
import { EVENTS_CALLER, KEEP_KEY_MS, type NewMessage, type OutboxStore } from '../store/store.ts'
import type { Accept, Backlog } from './enqueue.ts'
import type { Sealer } from './payload.ts'
import { createSignedWebhook, type WebhookOptions } from './webhooks.ts'
import type { DeliveryTarget, Workers } from './worker.ts'

/** `seen`: the same event is stored already. */
export type EventQueued = 'stored' | 'seen' | 'full'

type EnqueueEventOptions = {
  store: Pick<OutboxStore, 'findRepeat'>
  accept: Accept
  sealer: Sealer
  backlog: Backlog
  workers: Pick<Workers, 'wake'>
  /** How long an event is retried, in milliseconds. */
  tryForMs: number
}

/** Stores an event to be passed on. What tells it apart is committed with it, so that a repeat within 24 h is recognized. */
export function createEnqueueEvent(options: EnqueueEventOptions) {
  const { store, accept, sealer, backlog, workers, tryForMs } = options

  const toStored = (event: DivarEvent, requestId: string): NewMessage => {
    const identity = identityText(event)
    const [key, ...otherNames] = identity === undefined ? [] : sealer.eventIdentities(identity)
    return {
      id: event.id,
      caller: EVENTS_CALLER,
      wire: 'event',
      conversations: sealer.eventConversations(event),
      atLeastOnce: true,
      body: sealer.seal('body', event.id, writeEventPayload(event)),
      tryForMs,
      requestId,
      // The key is a MAC of the event, and so its own fingerprint. It has a name under each encryption key.
      ...(key !== undefined && {
        idempotency: { key, otherNames, fingerprints: [key, ...otherNames], ttlMs: KEEP_KEY_MS },
      }),
    }
  }

  /** Resolves after the commit. */
  return async (event: DivarEvent, requestId: string): Promise<EventQueued> => {
    const message = toStored(event, requestId)
    const accepted = await backlog.take(message, accept)
    if (accepted?.kind === 'accepted') {
      workers.wake()
      return 'stored'
    }
    if (accepted !== undefined) return 'seen'
    // A repeat needs no room.
    const repeated = message.idempotency && (await store.findRepeat(EVENTS_CALLER, message.idempotency))
    return repeated === undefined ? 'full' : 'seen'
  }
}

/** The sealed payload of an event, bound to its row by caller and kind. */
const payloadSchema = z.object({
  caller: z.literal(EVENTS_CALLER),
  kind: z.literal('event'),
  event: z.looseObject({
    id: z.string(),
    user_id: z.string().optional(),
    conversation: z.looseObject({ id: z.string().optional() }).optional(),
  }),
})

function writeEventPayload(event: DivarEvent): string {
  return JSON.stringify({ caller: EVENTS_CALLER, kind: 'event', event })
}

/** The text of the event's line; undefined when the payload is not that of the event with this id. */
export function lineOfEventPayload(id: string, text: string): string | undefined {
  const event = payloadSchema.safeParse(JSON.parse(text)).data?.event
  return event?.id === id ? lineText(event) : undefined
}

/** The user whom an event names; undefined when it names none. */
export function userOfEventPayload(text: string): string | undefined {
  return payloadSchema.parse(JSON.parse(text)).event.user_id
}

/** Client errors that a repeat may not meet again: a timeout, a conflict, too early, too many requests. */
const PASSING = new Set([408, 409, 425, 429])

/** Passes an event on once. Any other 4xx refuses it for good; after anything else it is retried. */
export function createEventWebhook(options: WebhookOptions): DeliveryTarget['deliver'] {
  const isFinal = (status: number) => status >= 400 && status < 500 && !PASSING.has(status)
  const post = createSignedWebhook(options, { as: 'deliver event', isFinal })
  return (id, text, trace) => post(id, JSON.stringify(payloadSchema.parse(JSON.parse(text)).event), trace)
}
