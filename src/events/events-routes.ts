import type { RequestHandler, Router } from 'express'
import { Fault } from '../base/fault.ts'
import { withTimeout } from '../base/timeout.ts'
import { knownType, lineText, type DivarEvent } from '../event/event.ts'
import { parseEvent } from '../event/parse-event.ts'
import { answerFaults, logRefusalAs, statusShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readJsonBody } from '../http/request.ts'
import type { EventQueued } from '../outbox/events.ts'
import { StoreError } from '../store/store.ts'

const EVENTS_PATH = '/divar/events'
const REVOCATION = 'USER_ACCESS_REVOCATION'
/** Divar's own timeout is not documented. */
const STORE_TIMEOUT_MS = 4000
const STORE_RETRY_S = 5
const FULL_RETRY_S = 30

type EventsOptions = {
  requireDivar: RequestHandler
  hasStore: boolean
  /** Stores an event to be passed on; undefined without EVENTS_URL. */
  enqueue: ((event: DivarEvent, requestId: string) => Promise<EventQueued>) | undefined
  /** Which types are passed on, in capital letters; undefined for all. */
  types: ReadonlySet<string> | undefined
  /** Ends the grants of a user who has revoked the app's access; undefined without consent. */
  endGrantsOf: ((userId: string) => Promise<void>) | undefined
}

/** Divar reports an event. It is committed before the answer, and passed on afterwards. */
export function eventsRoutes(options: EventsOptions): Router {
  const take = createTakeEvent(options)
  const routes = createRouter().use(countAsEvent, options.requireDivar)
  routes.post(EVENTS_PATH, async (request, response) => {
    const { requestLog } = response.locals
    if (!options.hasStore) throw new Fault('store_required', 'Events need a store, and this app runs without one.')
    const event = parseEvent(await readJsonBody(request))
    requestLog.fields['event_type'] = knownType(event.type)
    if (event.conversation?.id !== undefined) requestLog.chats = () => [lineText(event)]
    const outcome = await take(event, requestLog.requestId)
    // Any other event is not found by its id.
    if (outcome === 'stored') requestLog.fields['event_id'] = event.id
    requestLog.conclude(`event.${outcome}`, outcome === 'without_user' ? 'warn' : 'info')
    response.endJson(200, {})
  })
  return routesOn({ [EVENTS_PATH]: 'POST' }, routes)
}

/** Errors below this path are in the format that Divar reads, also those from before the route. */
export const eventsFaults = { path: EVENTS_PATH, handler: answerFaults(statusShape, logRefusalAs('event.refused')) }

const countAsEvent: RequestHandler = (_request, response, next) => {
  response.locals.requestLog.subject = 'event'
  next()
}

/**
 * `stored`: it will be passed on. `seen`: it is stored already. `filtered`: EVENTS_TYPES leaves its type out. `revoked`: the user's grants are
 * gone, and it is not passed on. `without_user`: a revocation that names no user, and is not passed on.
 */
type Taken = Exclude<EventQueued, 'full'> | 'filtered' | 'revoked' | 'without_user'

function createTakeEvent({ enqueue, types, endGrantsOf }: EventsOptions) {
  return async (event: DivarEvent, requestId: string): Promise<Taken> => {
    const isRevocation = event.type === REVOCATION && endGrantsOf !== undefined
    if (isRevocation && event.user_id !== undefined) await stored(endGrantsOf(event.user_id))
    if (enqueue !== undefined && types?.has(event.type.toUpperCase()) !== false) {
      const queued = await stored(enqueue(event, requestId))
      if (queued === 'full') {
        throw new Fault('events_queue_full', 'Too many events wait to be passed on.', { retryAfter: FULL_RETRY_S })
      }
      return queued
    }
    if (isRevocation) return event.user_id === undefined ? 'without_user' : 'revoked'
    if (enqueue !== undefined) return 'filtered'
    throw new Fault('events_unavailable', 'This app has no EVENTS_URL to pass events on to.')
  }
}

/** Waits for the store. A commit whose answer is late or lost may have happened; a repeat is then taken for seen. */
async function stored<Result>(commit: Promise<Result>): Promise<Result> {
  const failure = (cause?: unknown) =>
    new Fault('store_unavailable', 'The store of this app is away, full or too slow. Send the event again.', {
      retryAfter: STORE_RETRY_S,
      internal: cause instanceof Error ? cause.message : 'the store did not answer in time',
      cause: cause instanceof StoreError ? cause.cause : undefined,
    })
  const done = await withTimeout(STORE_TIMEOUT_MS, commit).catch((error: unknown) => {
    throw error instanceof StoreError ? failure(error) : error
  })
  if (done === undefined) throw failure()
  return done.value
}
