import type { Request, Router } from 'express'
import * as z from 'zod'
import { createFindCaller, type CallerKey, type CountWrongKey } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import { answerFaults, logRefusalAs, problemShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { sendAsset } from '../http/page-assets.ts'
import { PAGE_POLICY } from '../http/page-policy.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { storeFaults } from '../store/store-faults.ts'
import { API_PATHS, apiRoutes } from './api-routes.ts'
import { loadPage } from './page-files.ts'
import { requireSameOrigin, requireSession } from './require-session.ts'
import { partsOf, type ConsoleServices } from './services.ts'
import { createSessions, endingCookie, type Session } from './session.ts'

export type ConsoleOptions = {
  keys: readonly CallerKey[]
  countWrongKey: CountWrongKey
  /** Undefined without a store. */
  services: ConsoleServices | undefined
}

/** More than any key has. */
const MAX_KEY = 4096
const loginSchema = z.strictObject({ key: z.string().max(MAX_KEY) })

/** The console: its page, its files, log-in and log-out, and what the page reads and changes. */
export function consoleRoutes({ keys, countWrongKey, services }: ConsoleOptions): Router {
  const sessions = createSessions(keys)
  const findCaller = createFindCaller(keys)
  const callers = [...new Set(keys.map(({ name }) => name))].join(' ')
  const parts = partsOf(services).join(' ')
  const fillIn = (html: string, { token }: Session) =>
    html.replace('{{token}}', token).replace('{{callers}}', callers).replace('{{parts}}', parts)

  const open = createRouter()
  open.get('/console', async (request, response) => {
    const { html } = await loadPage()
    const session = sessions.read(request.headers.cookie)
    response
      .set({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY })
      .end(session === undefined ? html.login : fillIn(html.console, session))
  })
  open.get('/console/assets/:file', async (request, response) => {
    sendAsset(response, (await loadPage()).assets, request.params.file)
  })
  open.post('/console/session', async (request, response) => {
    requireSameOrigin(request)
    requireNoQuery(request)
    const caller = findCaller(Buffer.from(await readKey(request), 'utf8'))
    if (caller === undefined)
      throw countWrongKey(request, new Fault('api_key_refused', 'key: expected the key of a caller of this gateway'))
    response.locals.requestLog.fields['caller'] = caller.name
    if (!caller.permissions.has('operate')) {
      throw new Fault(
        'not_allowed',
        'This caller does not have the permission operate; CALLER_PERMISSIONS grants it.',
        {
          members: { permission: 'operate' },
        },
      )
    }
    response.locals.requestLog.conclude('console.opened')
    response.set('set-cookie', sessions.open(caller, request.secure)).status(204).end()
  })

  const guarded = createRouter().use(requireSession(sessions))
  guarded.post('/console/logout', (request, response) => {
    requireNoQuery(request)
    response.locals.requestLog.conclude('console.closed')
    response.set('set-cookie', endingCookie(request.secure)).status(204).end()
  })

  guarded.use(apiRoutes(services))

  const read = 'GET, HEAD'
  return createRouter()
    .use(routesOn({ '/console': read, '/console/assets/:file': read, '/console/session': 'POST' }, open))
    .use(routesOn({ '/console/logout': 'POST', ...API_PATHS }, guarded))
    .use(storeFaults, answerFaults(problemShape, logRefusalAs('console.refused')))
}

async function readKey(request: Request): Promise<string> {
  const body = loginSchema.safeParse(await readJsonBody(request))
  if (!body.success)
    throw new Fault('malformed_request', `body: expected {"key": "..."} with at most ${MAX_KEY} characters`)
  return body.data.key
}
