import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { fieldErrors, requiredId, summarize } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { SUBSCRIBED_EVENTS, type Registration } from '../divar/subscribe.ts'
import type { Wanted } from './subscription.ts'

const MAX_METADATA_BYTES = 1024

const eventError = `expected one of ${SUBSCRIBED_EVENTS.join(', ')}`
const tokenError = 'expected a post token: 1 to 64 visible ASCII characters'
const metadataError = `expected an object of at most ${MAX_METADATA_BYTES} bytes as JSON`

const postToken = z.string(tokenError).regex(/^[\x21-\x7e]{1,64}$/, tokenError)
export const metadata = z
  .custom<JsonObject>(isJsonObject, metadataError)
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES, metadataError)

export const subscriptionBody = z.object(
  {
    user_id: requiredId(128),
    event_type: z.enum(SUBSCRIBED_EVENTS, eventError),
    post_token: postToken.nullish(),
    metadata: metadata.nullish(),
  },
  { error: 'expected a JSON object' },
)

/** A misspelled member is refused: without its post_token, a subscription would be to all posts. */
const strictBody = subscriptionBody.catchall(
  z.undefined(`expected only ${Object.keys(subscriptionBody.shape).join(', ')}`),
)

/** @throws Fault `invalid_subscription` with every error of the body */
export function readSubscription(body: unknown): Wanted {
  const { user_id: userId, event_type: eventType, post_token: token, metadata: data } = parse(strictBody, body)
  return { userId, eventType, postToken: token ?? undefined, metadata: data ?? undefined }
}

/** The body as Divar has it. */
export const platformSubscriptionBody = z.object(
  {
    event_type: z.enum(SUBSCRIBED_EVENTS, eventError),
    event_resource_id: postToken.nullish(),
    metadata: metadata.nullish(),
  },
  { error: 'expected a JSON object' },
)

/** @throws Fault `invalid_subscription` with every error of the body */
export function readPlatformSubscription(body: unknown): Registration {
  const { event_type: eventType, event_resource_id: token, metadata: data } = parse(platformSubscriptionBody, body)
  return { eventType, postToken: token ?? undefined, metadata: data ?? undefined }
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const errors = fieldErrors(parsed.error)
  throw new Fault('invalid_subscription', summarize(errors), { errors })
}
