import type { IRouter, RequestHandler, Router } from 'express'
import { requirePermission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import type { Click } from '../click/click.ts'
import { parseClick, readClickVersion } from '../click/parse-click.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import type { RequireConsent, ClickTarget } from '../consent/consent-links.ts'
import { answerFaults, logRefusalAs, problemShape, sessionShape } from '../http/answer-fault.ts'
import { allowMethods, createRouter, routesOn } from '../http/app.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import type { Logger } from '../observability/log.ts'
import { createGuardedCall } from '../resolver/call.ts'
import type { CheckedLanding, Resolve } from '../resolver/resolve.ts'
import type { LandingRead } from '../resolver/resolver.ts'
import { chatTextsOfClick } from '../timeline/chats.ts'
import { storeFaults } from '../store/store-faults.ts'

const SESSION_PATH = '/divar/session'

type SessionOptions = {
  requireDivar: RequestHandler
  resolve: Resolve
  /** Applies a landing's `scopes` and `onDenied`. */
  requireConsent: RequireConsent
  /** The resolver's kind, for the log. */
  resolverKind: string
  /** Landing when the resolver fails or too many clicks are running. */
  fallbackUrl?: string | undefined
  /** Clicks that may be resolving at once; above it, clicks get the fallback or 503. */
  maxRunning: number
  log: Logger
}

/** Session initialization: Divar reports a click and gets the URL to open. */
export function sessionRoutes(options: SessionOptions): (app: IRouter) => void {
  const handleClick = createClickHandler(options)
  return (app) => {
    app.route(SESSION_PATH).all(allowMethods('POST'), countAsClick, options.requireDivar).post(handleClick)
  }
}

/** Errors below this path are in the format that Divar reads, also those from before the route. */
export const sessionFaults = { path: SESSION_PATH, handler: answerFaults(sessionShape, logRefusalAs('click.refused')) }

const countAsClick: RequestHandler = (_request, response, next) => {
  response.locals.requestLog.subject = 'click'
  next()
}

function createClickHandler(options: SessionOptions): RequestHandler {
  const { resolverKind } = options
  const findLanding = createFindLanding(options)
  return async (request, response) => {
    const { requestLog } = response.locals
    const version = readClickVersion(request.headers)
    const { click, returnUrlReplaced, absentParts } = parseClick(version, await readJsonBody(request))
    const { fields } = requestLog
    fields['click_id'] = click.id
    fields['wire'] = click.wire
    requestLog.chats = () => chatTextsOfClick(click)
    fields['resolver'] = resolverKind
    if (returnUrlReplaced) fields['return_url'] = 'replaced'
    if (absentParts > 0) fields['absent_parts'] = absentParts

    const landing = await findLanding(click, requestLog)
    if (landing.consent !== undefined) fields['consent'] = landing.consent
    requestLog.conclude('click.resolved')
    response.endJson(200, { status: '200', message: landing.message ?? 'success', url: landing.url })
  }
}

/** The URL to answer with, and the answer's message. */
type Answer = ClickTarget & { message?: string }

/** Makes the function that resolves a click to its landing, or to the fallback. */
function createFindLanding({ resolve, requireConsent, fallbackUrl, maxRunning, log }: SessionOptions) {
  return createGuardedCall<Click, CheckedLanding, Answer>({
    subject: 'click',
    call: resolve,
    finish: (click, { landing, messageChange }, { fields }) => {
      if (messageChange !== undefined) fields['landing_message'] = messageChange
      const target = requireConsent(click, landing)
      return target instanceof Promise
        ? target.then((found) => withMessage(found, landing))
        : withMessage(target, landing)
    },
    fallback: fallbackUrl === undefined ? undefined : { url: fallbackUrl },
    failed: { code: 'resolver_failed', message: 'The app could not tell where this click leads.' },
    maxRunning,
    log,
  })
}

function withMessage(target: ClickTarget, { message }: LandingRead): Answer {
  return message === undefined ? target : { ...target, message }
}

/** The click behind the `click_id` of a landing. */
export function clickRoutes(requireCaller: RequestHandler, clicks: SavedClicks): Router {
  const routes = createRouter().use(requireCaller, requirePermission('clicks'))
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
