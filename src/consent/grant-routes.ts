import type { Request, RequestHandler, Router } from 'express'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { requiredId } from '../base/fields.ts'
import type { Grant } from './grant.ts'
import type { Grants } from './grants.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/routes.ts'
import { writeScope, type ScopeStyle } from '../scope/scope.ts'
import { readCursor, writeCursor, readQuery, requireNoQuery } from '../http/query.ts'
import { storeFaults } from '../store/store-faults.ts'

const PAGE = 100

export type GrantOptions = { requireCaller: RequestHandler; grants: Grants; style: ScopeStyle }

/** Lists and deletes grants. Tokens are never returned. */
export function grantRoutes({ requireCaller, grants, style }: GrantOptions): Router {
  const routes = createRouter().use(requireCaller)

  routes.get('/grants', async (request, response) => {
    const { requestLog } = response.locals
    const { user_id: userId, cursor } = readFilter(request)
    const page = await grants.list(userId, { cursor, limit: PAGE })
    requestLog.conclude('grant.listed')
    response.json({
      grants: page.grants.map((grant) => showGrant(grant, style)),
      next_cursor: writeCursor(page.nextCursor),
    })
  })

  routes.delete('/grants/:id', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const { id } = request.params
    if (!/^grt_[\w-]{24}$/.test(id) || !(await grants.remove(id))) {
      throw new Fault('not_found', 'id: expected that of a grant that is still kept')
    }
    requestLog.fields['grant_id'] = id
    requestLog.conclude('grant.deleted')
    response.status(204).end()
  })

  return routesOn({ '/grants': 'GET, HEAD', '/grants/:id': 'DELETE' }, routes).use(
    '/grants',
    storeFaults,
    answerFaults(problemShape, logRefusalAs('grant.refused')),
  )
}

export const grantFilter = z.object({
  user_id: requiredId(128),
  cursor: z
    .string()
    .transform(readCursor)
    .refine((cursor) => cursor !== undefined, { error: 'expected a next_cursor of an earlier page' })
    .optional(),
})

function readFilter(request: Request) {
  const filter = grantFilter.safeParse(readQuery(request, Object.keys(grantFilter.shape)))
  if (filter.success) return filter.data
  const faults = filter.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Fault('malformed_request', faults.join('; '))
}

function showGrant(
  { id, userId, chatUserId, scopes, accessMs, refreshMs, createdAt, refreshedAt }: Grant,
  style: ScopeStyle,
) {
  const now = Date.now()
  const after = (ms: number) => new Date(now + ms).toISOString()
  return {
    id,
    user_id: userId ?? chatUserId ?? null,
    /** Whether Divar confirmed the owner. */
    proven: userId !== undefined,
    scopes: scopes.map((scope) => writeScope(scope, style)),
    created_at: new Date(createdAt).toISOString(),
    refreshed_at: new Date(refreshedAt).toISOString(),
    access_expires_at: after(accessMs),
    expires_at: after(Math.max(accessMs, refreshMs ?? 0)),
  }
}
