import type { RequestHandler, Router } from 'express'
import * as z from 'zod'
import { callerOf, requirePermission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import { requiredId } from '../base/fields.ts'
import type { FetchedUser, FetchUser } from '../divar/users.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { cursorParameter, readFilter } from '../http/page-query.ts'
import { readJsonBody, writeCursor, requireNoQuery } from '../http/request.ts'
import { createRouter, routesOn } from '../http/app.ts'
import type { Trace } from '../observability/trace.ts'
import { writeScope, type ScopeStyle } from '../scope/scope.ts'
import { storeFaults } from '../store/store-faults.ts'
import type { ConsentUrls } from './consent-links.ts'
import type { Grant } from './grant.ts'
import type { Grants, GrantChoice } from './grants.ts'
import type { ImportGrant } from './import-grant.ts'
import { readImportRequest } from './import-request.ts'

const PAGE = 100

type GrantOptions = { requireCaller: RequestHandler; grants: Grants; importGrant: ImportGrant; style: ScopeStyle }

/** Imports, lists and deletes grants. Tokens are never returned. */
export function grantRoutes({ requireCaller, grants, importGrant, style }: GrantOptions): Router {
  const routes = createRouter().use(requireCaller, requirePermission('consents'))

  routes.post('/grants', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const grant = await importGrant(readImportRequest(await readJsonBody(request)), requestLog.trace)
    requestLog.fields['grant_id'] = grant.id
    requestLog.audit('grant.import', { grant_id: grant.id })
    requestLog.conclude('grant.imported')
    response.status(201).json(showGrant(grant, style))
  })

  routes.get('/grants', async (request, response) => {
    const { user_id: userId, cursor } = readFilter(request, grantFilter)
    const page = await grants.list(userId, { cursor, limit: PAGE })
    const shown = page.grants.map((grant) => showGrant(grant, style))
    response.locals.requestLog.conclude('grant.listed')
    response.json({ grants: shown, next_cursor: writeCursor(page.nextCursor) })
  })

  routes.delete('/grants/:id', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const { id } = request.params
    if (!/^grt_[\w-]{24}$/.test(id) || !(await grants.remove(id))) {
      throw new Fault('not_found', 'id: expected that of a grant that is still kept')
    }
    requestLog.fields['grant_id'] = id
    requestLog.audit('grant.delete', { grant_id: id })
    requestLog.conclude('grant.deleted')
    response.status(204).end()
  })

  return routesOn({ '/grants': 'GET, HEAD, POST', '/grants/:id': 'DELETE' }, routes).use(
    storeFaults,
    answerFaults(problemShape, logRefusalAs('grant.refused')),
  )
}

export const grantFilter = z.object({
  user_id: requiredId(128),
  cursor: cursorParameter,
})

function showGrant(grant: Grant, style: ScopeStyle) {
  const { id, userId, chatUserId, scopes, accessMs, refreshMs, createdAt, refreshedAt } = grant
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

const DEFAULT_RETRY_S = 60

type UserOptions = {
  requireCaller: RequestHandler
  grants: Grants
  fetchUser: FetchUser
  consentUrls: ConsentUrls
}

/** A user's id and phone number as Divar returns them with the user's consent. Nothing of it is stored. */
export function userRoutes({ requireCaller, grants, fetchUser, consentUrls }: UserOptions): Router {
  const routes = createRouter().use(requireCaller, requirePermission('users'))

  routes.get('/users/:user_id', async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const userId = readUserId(request.params.user_id)
    const choice = await grants.forUser(userId, [{ kind: 'phone' }, { kind: 'user_id' }])
    if (choice.kind !== 'grant') {
      throw noGrant(choice, await consentUrls.forUser(callerOf(response), userId))
    }
    const user = requireUser(await fetchWithGrant(grants, fetchUser, choice.grant, requestLog.trace))
    if (user.userId !== undefined && user.userId !== userId) {
      throw new Fault('platform_error', 'Divar told of another user than the one whose grant it is.')
    }
    requestLog.conclude('user.shown')
    response.json({ user_id: userId, phone_number: user.phoneNumber })
  })

  return routesOn({ '/users/:user_id': 'GET, HEAD, DELETE' }, routes).use(
    storeFaults,
    answerFaults(problemShape, logRefusalAs('user.not_shown')),
  )
}

const userIdSchema = requiredId(128)

/** @throws Fault `malformed_request` */
function readUserId(text: string): string {
  const parsed = userIdSchema.safeParse(text)
  if (parsed.success) return parsed.data
  throw new Fault('malformed_request', `user_id: ${parsed.error.issues.map(({ message }) => message).join('; ')}`)
}

/** Fetches the user; after a refused token once more with the grant's next token. */
async function fetchWithGrant(grants: Grants, fetchUser: FetchUser, grant: Grant, trace: Trace): Promise<FetchedUser> {
  const fetched = await fetchUser(grant.accessToken, trace)
  if (fetched.kind !== 'refused' || fetched.status !== 401) return fetched
  const next = await grants.afterRefusal(grant.id, new Set([grant.accessToken]))
  if (next.kind === 'not_refreshed') return { kind: 'failed', reason: next.reason }
  return next.kind === 'grant' ? fetchUser(next.grant.accessToken, trace) : fetched
}

function requireUser(fetched: FetchedUser) {
  switch (fetched.kind) {
    case 'found':
      return fetched.user
    case 'refused':
      if (fetched.status === 401)
        throw new Fault('token_refused', "Divar refused the token of this user's grant. Ask the user anew.")
      if (fetched.status === 403) {
        throw new Fault(
          'not_permitted',
          "Divar does not tell this: check the app's permissions and the scopes of the grant.",
        )
      }
      throw new Fault('rate_limited', "The app's limit at Divar is used up. Repeat after the seconds in Retry-After.", {
        retryAfter: fetched.retryAfter ?? DEFAULT_RETRY_S,
      })
    case 'failed':
      throw new Fault('platform_error', 'Divar did not answer who this user is. Repeat later.', {
        internal: fetched.reason,
        members: { retryable: true },
      })
  }
}

function noGrant(choice: Exclude<GrantChoice, { kind: 'grant' }>, consentUrl: string | undefined): Fault {
  switch (choice.kind) {
    case 'grant_unreadable':
      return new Fault(
        'grant_unreadable',
        'The stored grant of this user was altered, or its key is not in TOKEN_ENCRYPTION_KEY. Put the key back, or DELETE /grants/<grant_id> and let the user consent anew.',
        { members: { grant_id: choice.grantId } },
      )
    case 'not_refreshed':
      return new Fault('platform_error', 'Divar gave no fresh token for this user. Repeat later.', {
        internal: choice.reason,
        members: { retryable: true },
      })
    case 'consent_required':
    case 'sender_ambiguous':
      return new Fault(
        'consent_required',
        'No grant of this user holds phone or user_id. Send the user to consent_url.',
        { members: { consent_url: consentUrl } },
      )
  }
}
