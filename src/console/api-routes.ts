import type { Request, Response, Router } from 'express'
import * as z from 'zod'
import { actorOf } from '../access/actor.ts'
import { Fault } from '../base/fault.ts'
import { createRouter } from '../http/app.ts'
import { cursorParameter, limitParameter, readFilter } from '../http/page-query.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { messageFilter } from '../messages/message-filter.ts'
import type { ConsoleServices } from './services.ts'

const API = '/console/api'

const subscriptionFilter = z.object({
  state: z.enum(['active', 'waiting', 'failed'], { error: 'expected one of active, waiting, failed' }).optional(),
  caller: z.string().optional(),
  cursor: cursorParameter,
  limit: limitParameter,
})

export const API_PATHS = {
  [`${API}/attention`]: 'GET, HEAD',
  [`${API}/messages`]: 'GET, HEAD',
  [`${API}/messages/:id`]: 'GET, HEAD',
  [`${API}/messages/:id/timeline`]: 'GET, HEAD',
  [`${API}/messages/:id/retry`]: 'POST',
  [`${API}/messages/:id/cancel`]: 'POST',
  [`${API}/bulk/retry`]: 'POST',
  [`${API}/bulk/cancel`]: 'POST',
  [`${API}/bulk/retry/count`]: 'POST',
  [`${API}/bulk/cancel/count`]: 'POST',
  [`${API}/timeline`]: 'POST',
  [`${API}/subscriptions`]: 'GET, HEAD',
}

/** What the console's page reads and changes. @param services undefined without a store */
export function apiRoutes(services: ConsoleServices | undefined): Router {
  const routes = createRouter()
  const stored = (): ConsoleServices => {
    if (services === undefined) throw new Fault('store_required', 'Set DATABASE_URL: without a store nothing is kept.')
    return services
  }

  routes.get(`${API}/attention`, async (request, response) => {
    requireNoQuery(request)
    answer(response, await present(stored().attention)())
  })
  // What is listed since a time is what a bulk act since then would take.
  routes.get(`${API}/messages`, async (request, response) => {
    const filter = readFilter(request, messageFilter)
    const { messages, next_cursor } = await stored().messages.listMessages(actorOf(response), {
      ...filter,
      isByEnd: true,
    })
    answer(response, { messages: messages.map(withoutConversation), next_cursor })
  })
  routes.get(`${API}/messages/:id`, async (request, response) => {
    answer(response, withoutConversation(await stored().messages.findMessage(actorOf(response), idOf(request))))
  })
  routes.get(`${API}/messages/:id/timeline`, async (request, response) => {
    answer(response, await present(stored().timeline).ofMessage(idOf(request)))
  })
  routes.post(`${API}/messages/:id/retry`, async (request, response) => {
    answer(response, await stored().messages.retryMessage(actorOf(response), idOf(request)))
  })
  routes.post(`${API}/messages/:id/cancel`, async (request, response) => {
    answer(response, await stored().messages.cancelMessage(actorOf(response), idOf(request)))
  })
  routes.post(`${API}/bulk/retry`, async (request, response) => {
    answer(response, await stored().messages.retryMessages(actorOf(response), await readJsonBody(request)))
  })
  routes.post(`${API}/bulk/cancel`, async (request, response) => {
    answer(response, await stored().messages.cancelMessages(actorOf(response), await readJsonBody(request)))
  })
  for (const act of ['retry', 'cancel'] as const) {
    routes.post(`${API}/bulk/${act}/count`, async (request, response) => {
      answer(response, await stored().messages.countMessages(actorOf(response), act, await readJsonBody(request)))
    })
  }
  routes.post(`${API}/timeline`, async (request, response) => {
    answer(response, await present(stored().timeline).ofAddress(await readJsonBody(request)))
  })
  routes.get(`${API}/subscriptions`, async (request, response) => {
    answer(response, await present(stored().listSubscriptions)(readFilter(request, subscriptionFilter)))
  })
  return routes
}

/** At debug, since each open page asks every 5 s; what changes something has an audit line. */
function answer(response: Response, body: object): void {
  response.locals.requestLog.conclude('console.answered', 'debug')
  response.json(body)
}

function present<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Fault('not_found', 'path: this gateway does not have this part of the console')
  return part
}

function idOf(request: Request<{ id: string }>): string {
  requireNoQuery(request)
  return request.params.id
}

/** The page shows no id of a conversation but one that was searched for. */
function withoutConversation<Message extends { conversation_id?: string | undefined }>({
  conversation_id: _,
  ...message
}: Message): Omit<Message, 'conversation_id'> {
  return message
}
