import type { RequestHandler, Router } from 'express'
import { Fault } from '../base/fault.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { requireNoQuery } from '../http/query.ts'
import { createRouter, routesOn } from '../http/routes.ts'
import { storeFaults } from '../store/store-faults.ts'

/** The click behind the `click_id` of a landing. */
export function clickRoutes(requireCaller: RequestHandler, clicks: SavedClicks): Router {
  const routes = createRouter().use(requireCaller)
  routes.get('/clicks/:id', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const { id } = request.params
    const click = /^clk_[\w-]{24}$/.test(id) ? await clicks.find(id) : undefined
    if (click === undefined) {
      throw new Fault('not_found', 'id: expected the click_id of a landing that was opened within the last 15 minutes')
    }
    requestLog.fields['click_id'] = id
    requestLog.conclude('click.shown')
    response.json(click)
  })
  return routesOn({ '/clicks/:id': 'GET, HEAD' }, routes).use(
    '/clicks',
    storeFaults,
    answerFaults(problemShape, logRefusalAs('click.not_shown')),
  )
}
