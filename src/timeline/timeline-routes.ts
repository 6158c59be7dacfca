import type { RequestHandler, Router } from 'express'
import { requirePermission } from '../access/authentication.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { storeFaults } from '../store/store-faults.ts'
import type { createTimeline } from './timeline.ts'

/** What happened in one conversation, for operators. The address is in the body, so that it is in no log of a proxy. */
export function timelineRoutes(
  requireCaller: RequestHandler,
  { timeline }: Pick<ReturnType<typeof createTimeline>, 'timeline'>,
): Router {
  const routes = createRouter().use(requireCaller, requirePermission('operate'))
  routes.post('/timeline', async (request, response) => {
    requireNoQuery(request)
    const page = await timeline(await readJsonBody(request))
    response.locals.requestLog.conclude('timeline.shown')
    response.json(page)
  })
  return routesOn({ '/timeline': 'POST' }, routes).use(
    storeFaults,
    answerFaults(problemShape, logRefusalAs('timeline.refused')),
  )
}
