import type { RequestHandler, Router } from 'express'
import { actorOf } from '../access/actor.ts'
import { requirePermission } from '../access/authentication.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readFilter } from '../http/page-query.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { storeFaults } from '../store/store-faults.ts'
import { idField, type MessageActs } from './message-acts.ts'
import { messageFilter } from './message-filter.ts'

const paths = {
  '/messages': 'GET, HEAD, POST',
  '/messages/retry': 'POST',
  '/messages/cancel': 'POST',
  '/messages/:id': 'GET, HEAD',
  '/messages/:id/retry': 'POST',
  '/messages/:id/cancel': 'POST',
}

/** Status, retry and cancellation of stored messages: a caller's own, and with the permission `operate` also those of other callers. */
export function messageStatusRoutes(requireCaller: RequestHandler, acts: MessageActs): Router {
  const routes = createRouter().use(requireCaller, requirePermission('send', 'operate'))

  routes.get('/messages', async (request, response) => {
    const page = await acts.listMessages(actorOf(response), readFilter(request, messageFilter))
    response.locals.requestLog.conclude('message.listed')
    response.json(page)
  })

  for (const [path, act, event] of [
    ['/messages/retry', acts.retryMessages, 'message.bulk_retried'],
    ['/messages/cancel', acts.cancelMessages, 'message.bulk_cancelled'],
  ] as const) {
    routes.post(path, async (request, response) => {
      requireNoQuery(request)
      const done = await act(actorOf(response), await readJsonBody(request))
      response.locals.requestLog.conclude(event)
      response.json(done)
    })
  }

  routes.get('/messages/:id', async (request, response) => {
    requireNoQuery(request)
    const { id } = request.params
    const message = await acts.findMessage(actorOf(response), id)
    response.locals.requestLog.fields[idField(id)] = id
    response.locals.requestLog.conclude('message.shown')
    response.json(message)
  })

  routes.post('/messages/:id/retry', async (request, response) => {
    requireNoQuery(request)
    const { id } = request.params
    const retried = await acts.retryMessage(actorOf(response), id)
    response.locals.requestLog.fields[idField(id)] = id
    response.locals.requestLog.conclude('message.retried')
    response.status(202).location(`/messages/${id}`).json(retried)
  })

  routes.post('/messages/:id/cancel', async (request, response) => {
    requireNoQuery(request)
    const { id } = request.params
    const cancelled = await acts.cancelMessage(actorOf(response), id)
    response.locals.requestLog.fields['message_id'] = id
    response.locals.requestLog.conclude('message.cancelled')
    response.json(cancelled)
  })

  return routesOn(paths, routes).use(storeFaults, answerFaults(problemShape, logRefusalAs('message.refused')))
}
