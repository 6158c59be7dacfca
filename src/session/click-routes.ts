import { Router } from 'express'
import type { CallerGate } from '../access/authenticate-caller.ts'
import { Fault } from '../base/fault.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import { answerFaults, problemShape, refusedAs } from '../http/answer-fault.ts'
import { methodNotAllowed } from '../http/not-found.ts'
import { requireNoQuery } from '../http/query.ts'
import { storeFaults } from '../store/store-faults.ts'

/** Who came: the click behind an id in a landing's address. */
export function clickRoutes(gate: CallerGate, clicks: SavedClicks): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.get('/clicks/:id', async (request, response) => {
    const { unit } = response.locals
    const caller = gate(request).name
    requireNoQuery(request)
    const { id } = request.params
    const click = /^clk_[\w-]{24}$/.test(id) ? await clicks.find(id) : undefined
    if (click === undefined) {
      throw new Fault('not_found', 'id: expected the click_id of a landing that was opened within the last 15 minutes')
    }
    Object.assign(unit.fields, { caller, click_id: id })
    unit.conclude('click.shown')
    response.json(click)
  })
  router.all('/clicks/:id', methodNotAllowed('GET, HEAD'))
  router.use('/clicks', storeFaults, answerFaults(problemShape, refusedAs('click.not_shown')))
  return router
}
