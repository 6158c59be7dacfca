import type { Variables } from './schema.ts'

/** Undefined without EVENTS_URL. */
export function toEvents(variables: Variables) {
  const { EVENTS_URL: url, EVENTS_SECRET: secrets } = variables
  if (url === undefined || secrets === undefined) return undefined
  return {
    url,
    /** Each event is signed with every secret. */
    secrets,
    /** The types that are passed on, in capital letters; undefined for all. */
    types: variables.EVENTS_TYPES,
    /** Events that wait, at most. */
    queueLimit: variables.EVENTS_QUEUE_LIMIT,
  }
}

export function describeEvents(events: ReturnType<typeof toEvents>): Record<string, unknown> {
  if (events === undefined) return { events: 'no' }
  const { secrets, types, queueLimit } = events
  return {
    events: 'yes',
    events_secrets: secrets.length,
    events_types: types === undefined ? 'all' : [...types],
    events_queue_limit: queueLimit,
  }
}
