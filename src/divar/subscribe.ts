import { pathBelow } from '../base/address.ts'
import type { JsonObject } from '../base/strict-json.ts'
import type { Trace } from '../observability/trace.ts'
import type { Host } from '../outbound/host.ts'
import { readOutcome } from './deliver.ts'
import type { Outcome } from './outcome.ts'

const MAX_ANSWER_BYTES = 64 * 1024
/** Divar's path for subscriptions to events. */
export const SUBSCRIPTIONS_PATH = '/v1/open-platform/events/subscriptions'

/** The events that Divar reports only to an app that has subscribed to them. */
export const SUBSCRIBED_EVENTS = ['NEW_MESSAGE_ON_POST', 'POST_UPDATE'] as const

/** What an app wants to be told: `postToken` for one post, otherwise for all posts of the token's user. */
export type Registration = {
  eventType: (typeof SUBSCRIBED_EVENTS)[number]
  postToken?: string | undefined
  /** Comes back with each event. */
  metadata?: JsonObject | undefined
}

/**
 * Registers a subscription at Divar, once; it ends with this token. `delivered` means that it is registered. Registering it again is harmless.
 * Never rejects.
 */
export type Subscribe = (registration: Registration, accessToken: string, trace: Trace) => Promise<Outcome>

type SubscribeOptions = { url: URL; host: Host; apiKey: string; timeoutMs: number; userAgent: string }

export function createSubscribe({ url, host, apiKey, timeoutMs, userAgent }: SubscribeOptions): Subscribe {
  const path = pathBelow(url, SUBSCRIPTIONS_PATH)
  return async ({ eventType, postToken, metadata }, accessToken, trace) => {
    const exchange = await host.send({
      method: 'POST',
      path,
      headers: {
        'x-api-key': apiKey,
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        'user-agent': userAgent,
      },
      body: JSON.stringify({ event_type: eventType, event_resource_id: postToken, metadata }),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as: 'subscribe', trace },
    })
    return readOutcome(exchange, [apiKey, accessToken])
  }
}
