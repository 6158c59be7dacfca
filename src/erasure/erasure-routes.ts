import type { RequestHandler, Router } from 'express'
import { requirePermission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import { requiredId } from '../base/fields.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { requireNoQuery } from '../http/request.ts'
import { storeFaults } from '../store/store-faults.ts'
import type { EraseUser } from './erase-user.ts'

const userIdSchema = requiredId(128)

/** Erases a person. The other methods of its path belong to another router. */
export function erasureRoutes(requireCaller: RequestHandler, eraseUser: EraseUser): Router {
  const routes = createRouter()

  routes.delete('/users/:user_id', requireCaller, requirePermission('operate'), async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const userId = userIdSchema.safeParse(request.params['user_id'])
    if (!userId.success) {
      const detail = userId.error.issues.map(({ message }) => message).join('; ')
      throw new Fault('malformed_request', `user_id: ${detail}`)
    }
    const erased = await eraseUser(userId.data)
    Object.assign(requestLog.fields, erased)
    requestLog.audit('user.erase', erased)
    requestLog.conclude('user.erased')
    response.json(erased)
  })

  return routesOn({ '/users/:user_id': 'GET, HEAD, DELETE' }, routes).use(
    storeFaults,
    answerFaults(problemShape, logRefusalAs('user.not_erased')),
  )
}
