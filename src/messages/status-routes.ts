import type { Request, RequestHandler, Response, Router } from 'express'
import * as z from 'zod'
import { callerOf } from '../access/authentication.ts'
import { isAllowed, requirePermission } from '../access/permissions.ts'
import { Fault } from '../base/fault.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import type { Outbox, ShownMessage } from '../outbox/outbox.ts'
import { MESSAGE_STATES, type Changed, type MessageState } from '../store/store.ts'
import { readCursor, writeCursor, readQuery, requireNoQuery } from '../http/request.ts'
import { orOutcomeUnknown, storeFaults } from '../store/store-faults.ts'

const DEFAULT_PAGE = 50
const MAX_PAGE = 200

/** Status, retry and cancellation of stored messages: a caller's own, and with the permission `operate` also those of other callers. */
export function messageStatusRoutes(requireCaller: RequestHandler, outbox: Outbox): Router {
  const routes = createRouter().use(requireCaller, requirePermission('send', 'operate'))

  /** The caller in whose name a message is looked up. */
  const ownerOf = async (response: Response, id: string): Promise<string> => {
    const caller = callerOf(response)
    return isAllowed(response, 'operate') ? ((await outbox.findCaller(id)) ?? caller) : caller
  }

  routes.get('/messages', async (request, response) => {
    const { messages, nextCursor } = await outbox.list(callerOf(response), readFilter(request))
    response.locals.requestLog.conclude('message.listed')
    response.json({ messages: messages.map(showMessage), next_cursor: writeCursor(nextCursor) })
  })

  routes.get('/messages/:id', async (request, response) => {
    const id = readId(request)
    const message = await outbox.find(await ownerOf(response, id), id)
    if (message === undefined) throw notYours()
    response.locals.requestLog.fields[isEventId(id) ? 'event_id' : 'message_id'] = id
    response.locals.requestLog.conclude('message.shown')
    response.json(showMessage(message))
  })

  routes.post('/messages/:id/retry', eventsNeedOperate, async (request, response) => {
    const id = readId(request)
    requireChanged(await orOutcomeUnknown(outbox.retry(await ownerOf(response, id), id)), 'retry')
    response.locals.requestLog.fields[isEventId(id) ? 'event_id' : 'message_id'] = id
    response.locals.requestLog.conclude('message.retried')
    response.status(202).location(`/messages/${id}`).json({ id, state: 'queued' })
  })

  routes.post('/messages/:id/cancel', async (request, response) => {
    const { requestLog } = response.locals
    const id = readId(request)
    // Only messages to Divar can be cancelled.
    if (isEventId(id)) throw notYours()
    const changed = await orOutcomeUnknown(outbox.cancel(await ownerOf(response, id), id, requestLog.requestId))
    const { state } = requireChanged(changed, 'cancel')
    requestLog.fields['message_id'] = id
    requestLog.conclude('message.cancelled')
    response.json({ id, state })
  })

  const paths = {
    '/messages': 'GET, HEAD, POST',
    '/messages/:id': 'GET, HEAD',
    '/messages/:id/retry': 'POST',
    '/messages/:id/cancel': 'POST',
  }
  return routesOn(paths, routes).use(storeFaults, answerFaults(problemShape, logRefusalAs('message.refused')))
}

function isEventId(id: string): boolean {
  return id.startsWith('dve_')
}

const requireOperate = requirePermission('operate')

const eventsNeedOperate: RequestHandler<{ id: string }> = (request, response, next) => {
  if (isEventId(request.params.id)) requireOperate(request, response, next)
  else next()
}

/** Ids with other characters are not looked up: PostgreSQL refuses some, such as NUL. */
function readId(request: Request<{ id: string }>): string {
  requireNoQuery(request)
  const { id } = request.params
  if (!/^[\w-]+$/.test(id)) throw notYours()
  return id
}

export const messageFilter = z.object({
  state: z.enum(MESSAGE_STATES, { error: `expected one of ${MESSAGE_STATES.join(', ')}` }).optional(),
  cursor: z
    .string()
    .transform(readCursor)
    .refine((cursor) => cursor !== undefined, { error: 'expected a next_cursor of an earlier page' })
    .optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, { error: `expected 1 to ${MAX_PAGE}` })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_PAGE, { error: `expected 1 to ${MAX_PAGE}` })
    .default(DEFAULT_PAGE),
})

function readFilter(request: Request) {
  const filter = messageFilter.safeParse(readQuery(request, Object.keys(messageFilter.shape)))
  if (filter.success) return filter.data
  const errors = filter.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Fault('malformed_request', errors.join('; '))
}

function showMessage(message: ShownMessage) {
  const { id, wire, state, createdAt, finishedAt, nextAttemptAt, wiped, conversationId, attempts } = message
  const shown = attempts.map(({ number, begunAt, endedAt, outcome, status, code, reason }) => ({
    number,
    at: showTime(begunAt),
    ended_at: showTime(endedAt),
    outcome,
    status,
    code,
    reason,
  }))
  const last = shown.findLast(({ outcome }) => outcome !== null)
  return {
    id,
    state,
    wire,
    created_at: showTime(createdAt),
    finished_at: showTime(finishedAt),
    next_attempt_at: showTime(nextAttemptAt),
    wiped,
    ...(conversationId !== undefined && { conversation_id: conversationId }),
    last_error: last === undefined || last.outcome === 'delivered' ? null : last,
    attempts: shown,
  }
}

function showTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function requireChanged(changed: Changed | undefined, what: 'retry' | 'cancel'): { state: MessageState } {
  if (changed === undefined) throw notYours()
  if (changed.kind === 'changed') return changed
  const { state, wiped, waits } = changed
  if (what === 'retry' && wiped && state !== 'delivered') {
    throw new Fault('content_wiped', 'The text and buttons of this message are wiped; send it anew.')
  }
  const text = waits ? 'waits for the message before it in its conversation' : STATE_TEXTS[state]
  throw new Fault('wrong_state', `This message ${text}.`, { members: { state } })
}

const STATE_TEXTS = {
  queued: 'is queued already',
  sending: 'is just being sent',
  delivered: 'is delivered already',
  rejected: 'has ended already',
  failed: 'has ended already',
  unknown: 'has ended already',
  cancelled: 'is cancelled already',
}

/** Also for another caller's message, unless this caller may `operate`. */
function notYours(): Fault {
  return new Fault('not_found', 'id: expected that of a message that you sent and that is still kept')
}
