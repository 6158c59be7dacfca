import * as z from 'zod'
import { FINAL_STATES } from '../../src/store/store.ts'

/** Schemas of what the gateway sends to the company's services. A test checks real requests against them. */

const text = z.string().optional()
const object = z.record(z.string(), z.unknown())
const time = z.iso.datetime()

const messageEnded = z.strictObject({
  type: z.enum(FINAL_STATES.map((state) => `message.${state}` as const)),
  timestamp: time,
  data: z.strictObject({
    id: z.string().regex(/^msg_[A-Za-z0-9_-]{24}$/),
    caller: z.string(),
    state: z.enum(FINAL_STATES),
    attempts: z.int().min(0),
    last_attempt: z
      .strictObject({
        outcome: z.string(),
        status: z.int().nullable(),
        code: z.string().nullable(),
        reason: z.string().nullable(),
      })
      .nullable(),
  }),
})

const message = z.strictObject({
  id: text,
  type: text,
  sent_at: time.optional(),
  text,
  image_data: object.optional(),
  file_data: object.optional(),
  voice_data: object.optional(),
  video_data: object.optional(),
  location_data: object.optional(),
  contact_data: object.optional(),
})

const passedEvent = z.strictObject({
  id: z.string().regex(/^dve_[A-Za-z0-9_-]{24}$/),
  type: z.string().min(1),
  received_at: time,
  conversation: z.strictObject({ id: text, type: text, post_token: text }).optional(),
  sender: z.strictObject({ side: text, type: text }).optional(),
  message: message.optional(),
  post_update: z.strictObject({ type: text, post: object.optional() }).optional(),
  user_id: text,
  transaction: object.optional(),
  metadata: z.unknown().optional(),
  extra: object,
})

export const webhookBodies = { MessageEnded: messageEnded, PassedEvent: passedEvent }
