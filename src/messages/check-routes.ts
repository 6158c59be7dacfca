import type { RequestHandler, Router } from 'express'
import { readUserToken, requirePermission } from '../access/authentication.ts'
import { wireOf } from '../divar/deliver.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { findIgnoredMembers, meantName } from '../message/ignored-members.ts'
import { isToBot } from '../message/message.ts'
import { parseSend } from '../message/parse-message.ts'
import { requireNoTimes } from '../message/times.ts'
import { readSendPreferences } from './send-routes.ts'

/** Checks a message as a send would, with the same 400, and sends and stores nothing. */
export function messageCheckRoutes(requireCaller: RequestHandler): Router {
  const routes = createRouter().use(requireCaller, requirePermission('send'))

  routes.post('/messages/check', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    // Nothing is kept, so no store is needed, but a malformed Idempotency-Key is a fault of a send.
    const { respondAsync } = readSendPreferences(request.headers, true)
    const body = await readJsonBody(request)
    const send = parseSend(body)
    const { message } = send
    if (!respondAsync) requireNoTimes(send)
    // Not needed, but two that differ are a fault of a send.
    readUserToken(request.headers)
    const { count, members } = findIgnoredMembers(body, isToBot(message.address))
    requestLog.fields['wire'] = wireOf(message.address)
    if (count > 0) requestLog.fields['ignored'] = count
    requestLog.conclude('message.checked')
    const hints = members.map((member) => [member.pointer, meantName(member)] as const)
    const meant = hints.filter(([, name]) => name !== undefined)
    response.json({
      ignored: members.map(({ pointer }) => pointer),
      ...(meant.length > 0 && { did_you_mean: Object.fromEntries(meant) }),
    })
  })

  return routesOn({ '/messages/check': 'POST' }, routes).use(
    answerFaults(problemShape, logRefusalAs('message.check_refused')),
  )
}
