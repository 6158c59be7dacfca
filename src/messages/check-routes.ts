import type { RequestHandler, Router } from 'express'
import { readUserToken } from '../access/authentication.ts'
import { requirePermission } from '../access/permissions.ts'
import { wireOf } from '../divar/deliver.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { findIgnoredMembers } from '../message/ignored-members.ts'
import { isToBot } from '../message/message.ts'
import { parseSend } from '../message/parse-message.ts'

/** Checks a message as a send would, with the same 400, and sends and stores nothing. */
export function messageCheckRoutes(requireCaller: RequestHandler): Router {
  const routes = createRouter().use(requireCaller, requirePermission('send'))

  routes.post('/messages/check', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const body = await readJsonBody(request)
    const { message } = parseSend(body)
    // Not needed, but two that differ are a fault of a send.
    readUserToken(request.headers)
    const { count, members } = findIgnoredMembers(body, isToBot(message.address))
    requestLog.fields['wire'] = wireOf(message.address)
    if (count > 0) requestLog.fields['ignored'] = count
    requestLog.conclude('message.checked')
    response.json({ ignored: members.map(({ pointer }) => pointer) })
  })

  return routesOn({ '/messages/check': 'POST' }, routes).use(
    answerFaults(problemShape, logRefusalAs('message.check_refused')),
  )
}
