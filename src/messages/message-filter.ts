import * as z from 'zod'
import { fieldErrors, invalidFilter } from '../base/fields.ts'
import { cursorParameter, limitParameter } from '../http/page-query.ts'
import { EVENTS_CALLER, FINAL_STATES, MESSAGE_STATES, type FinalState } from '../store/store.ts'

const timeError = 'expected a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z'
const MAX_CALLER = 64
const callerError = `expected the name of a caller, 1 to ${MAX_CALLER} characters`

const time = z.iso.datetime({ offset: true, error: timeError }).transform(Date.parse).optional()
const caller = z.string(callerError).min(1, callerError).max(MAX_CALLER, callerError).optional()
const state = z.enum(MESSAGE_STATES, { error: `expected one of ${MESSAGE_STATES.join(', ')}` }).optional()

/** Where messages go; `event` is for events of Divar's, which are listed only when they are named. */
const LISTED_WIRES = ['v1', 'v2', 'bot', 'event'] as const

/** The query of `GET /messages`. */
export const messageFilter = z.object({
  state,
  caller,
  wire: z.enum(LISTED_WIRES, { error: `expected one of ${LISTED_WIRES.join(', ')}` }).optional(),
  since: time,
  until: time,
  cursor: cursorParameter,
  limit: limitParameter,
})

export type ListFilter = z.infer<typeof messageFilter>

const MAX_BULK = 1000
const limitError = `expected an integer from 1 to ${MAX_BULK}`

const bulkMembers = {
  caller,
  since: time,
  until: time,
  limit: z.int(limitError).min(1, limitError).max(MAX_BULK, limitError).optional(),
}

/** States that a retry acts on; `unknown` only when it is named, since such a message may have arrived, and `expired`, since it would come too late. */
const RETRYABLE = FINAL_STATES.filter((final) => final !== 'delivered' && final !== 'cancelled')
const RETRIED_BY_DEFAULT = RETRYABLE.filter((final) => final !== 'unknown' && final !== 'expired')

const MEMBERS = ['state', ...Object.keys(bulkMembers)].join(', ')

const bodyError = ({ code }: { code?: string | undefined }) =>
  code === 'unrecognized_keys' ? `expected only ${MEMBERS}` : `expected a JSON object with at least one of ${MEMBERS}`

export const retryBody = z.strictObject(
  { state: z.enum(RETRYABLE, { error: `expected one of ${RETRYABLE.join(', ')}` }).optional(), ...bulkMembers },
  { error: bodyError },
)
export const cancelBody = z.strictObject(
  { state: z.literal('queued', { error: 'expected queued' }).optional(), ...bulkMembers },
  { error: bodyError },
)

type BulkRequest<Body> = { limit: number; asked: Body }

/** @throws Fault `invalid_filter` with every error of the body */
export function readRetryFilter(
  body: unknown,
): BulkRequest<z.infer<typeof retryBody>> & { states: readonly FinalState[] } {
  const asked = readBody(retryBody, body)
  const states = asked.state === undefined ? RETRIED_BY_DEFAULT : [asked.state]
  return { states, limit: asked.limit ?? MAX_BULK, asked }
}

/** @throws Fault `invalid_filter` with every error of the body */
export function readCancelFilter(body: unknown): BulkRequest<z.infer<typeof cancelBody>> {
  const asked = readBody(cancelBody, body)
  if (asked.caller === EVENTS_CALLER) {
    throw invalidFilter([{ pointer: '/caller', detail: 'expected the name of a caller: events are not cancelled' }])
  }
  return { limit: asked.limit ?? MAX_BULK, asked }
}

function readBody<Body extends object>(schema: z.ZodType<Body>, body: unknown): Body {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw invalidFilter(fieldErrors(parsed.error))
  if (Object.keys(parsed.data).length === 0) {
    throw invalidFilter([{ pointer: '', detail: `expected at least one of ${MEMBERS}` }])
  }
  return parsed.data
}
