import type { IRouter, RequestHandler, Router } from 'express'
import { requirePermission } from '../access/permissions.ts'
import { Fault } from '../base/fault.ts'
import type { Click } from '../click/click.ts'
import { parseClick, readClickVersion } from '../click/parse-click.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import type { RequireConsent, ClickTarget } from '../consent/consent-links.ts'
import { answerFaults, logRefusalAs, problemShape, sessionShape } from '../http/answer-fault.ts'
import { allowMethods, createRouter, routesOn, elapsedMs, type RequestLog } from '../http/app.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { CheckedLanding, Resolve } from '../resolver/resolve.ts'
import { ResolverError } from '../resolver/resolver.ts'
import { StoreError } from '../store/store.ts'
import { storeFaults } from '../store/store-faults.ts'

const SESSION_PATH = '/divar/session'
const SHED_RETRY_S = 1

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
  let running = 0
  return async (click: Click, requestLog: RequestLog): Promise<Answer> => {
    if (running >= maxRunning) return shed(requestLog, fallbackUrl, maxRunning)
    running += 1
    try {
      const startedAt = performance.now()
      let checked: CheckedLanding | Promise<CheckedLanding>
      try {
        checked = resolve(click, { log, requestId: requestLog.requestId, trace: requestLog.trace })
        if (checked instanceof Promise) checked = await checked
      } finally {
        requestLog.fields['resolver_ms'] = elapsedMs(startedAt)
      }
      const { landing, messageChange } = checked
      if (messageChange !== undefined) requestLog.fields['landing_message'] = messageChange
      let target = requireConsent(click, landing)
      if (target instanceof Promise) target = await target
      return landing.message === undefined ? target : { ...target, message: landing.message }
    } catch (error) {
      return fallBack(error, requestLog, fallbackUrl)
    } finally {
      running -= 1
    }
  }
}

function shed(requestLog: RequestLog, fallbackUrl: string | undefined, maxRunning: number): Answer {
  requestLog.fields['reason'] = `${maxRunning} clicks are running`
  if (fallbackUrl === undefined) requestLog.fields['code'] = 'overloaded'
  requestLog.conclude('click.shed', 'error')
  if (fallbackUrl !== undefined) return { url: fallbackUrl }
  throw new Fault('overloaded', 'This app takes no more clicks just now.', { retryAfter: SHED_RETRY_S })
}

/** The fallback after a failed resolver; without a fallback the click fails. Both are logged as errors. */
function fallBack(error: unknown, requestLog: RequestLog, fallbackUrl: string | undefined): Answer {
  const isOurs = error instanceof ResolverError || error instanceof StoreError
  const internal = isOurs ? error.message : 'the resolver failed'
  const cause = isOurs ? error.cause : error
  if (fallbackUrl === undefined && error instanceof StoreError) {
    throw new Fault('store_unavailable', 'This app cannot take clicks just now.', { internal, cause })
  }
  if (fallbackUrl === undefined) {
    throw new Fault('resolver_failed', 'The app could not tell where this click leads.', { internal, cause })
  }
  Object.assign(requestLog.fields, { reason: internal }, cause === undefined ? {} : describeError(cause))
  requestLog.conclude('click.fell_back', 'error')
  return { url: fallbackUrl }
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
