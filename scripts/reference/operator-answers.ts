import * as z from 'zod'
import { MESSAGE_STATES, WIRES } from '../../src/store/store.ts'

/** Schemas of responses that only operators get. */

const time = z.iso.datetime()

const day = z.strictObject({
  count: z.int().min(0),
  errors: z.int().min(0),
  error_share: z.number().min(0).max(1),
  p99_ms: z.number().nullable(),
})
export const attention = z.strictObject({
  at: time,
  items: z.array(
    z.strictObject({
      code: z.string(),
      level: z.enum(['ok', 'attention', 'danger']),
      count: z.int().min(0).nullable().optional(),
      since: time.nullable().optional(),
      value: z.union([z.string(), z.number()]).nullable().optional(),
    }),
  ),
  last_24_hours: z.strictObject({
    of: z.literal('this process'),
    since: time,
    sessions: day,
    events: day,
    actions: day,
  }),
})

export const timeline = z.strictObject({
  entries: z.array(
    z.strictObject({
      at: time,
      kind: z.enum(['click', 'action', 'consent', 'send', 'attempt', 'event', 'notice']),
      result: z.string(),
      duration_ms: z.number().nullable(),
      wire: z.enum(WIRES).nullable(),
      id: z.string().nullable(),
      caller: z.string().nullable(),
      state: z.enum(MESSAGE_STATES).nullable(),
      number: z.int().nullable(),
      status: z.int().nullable(),
      code: z.string().nullable(),
      reason: z.string().nullable(),
      event_type: z.string().nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
})
