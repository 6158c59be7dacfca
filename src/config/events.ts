import type { Variables } from './schema.ts'

/** Undefined without EVENTS_URL. */
export function toEvents(variables: Variables) {
  const { EVENTS_URL: url, EVENTS_SECRET: secret } = variables
  if (url === undefined || secret === undefined) return undefined
  return {
    url,
    secret,
    /** The types that are passed on, in capital letters; undefined for all. */
    types: variables.EVENTS_TYPES,
    /** Events that wait, at most. */
    queueLimit: variables.EVENTS_QUEUE_LIMIT,
  }
}

export function describeEvents(events: ReturnType<typeof toEvents>): Record<string, unknown> {
  if (events === undefined) return { events: 'no' }
  const { types, queueLimit } = events
  return { events: 'yes', events_types: types === undefined ? 'all' : [...types], events_queue_limit: queueLimit }
}
