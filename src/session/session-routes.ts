import type { IRouter, RequestHandler } from 'express'
import { Fault } from '../base/fault.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { Click } from '../click/click.ts'
import { parseClick, readClickVersion } from '../click/parse-click.ts'
import { answerFaults, logRefusalAs, sessionShape } from '../http/answer-fault.ts'
import { readJsonBody } from '../http/body.ts'
import { allowMethods } from '../http/routes.ts'
import { elapsedMs, type RequestLog } from '../http/request-log.ts'
import type { RequireConsent, ClickTarget } from '../consent/require-consent.ts'
import type { CheckedLanding } from '../resolver/landing.ts'
import type { Resolve } from '../resolver/resolve.ts'
import { ResolverError } from '../resolver/resolver.ts'
import { StoreError } from '../store/store.ts'

const SESSION_PATH = '/divar/session'
/** How soon there may be room again. */
const SHED_RETRY_S = 1

export type SessionOptions = {
  requireDivar: RequestHandler
  resolve: Resolve
  /** What a landing asks for besides: consent, or that the click can be asked for. */
  requireConsent: RequireConsent
  /** The resolver's kind, for the log. */
  resolverKind: string
  /** Where a user lands when the resolver fails, or too many clicks run. */
  fallbackUrl?: string | undefined
  /** How many clicks may wait for their landing at once. */
  maxRunning: number
  log: Logger
}

/** Session initialization: Divar tells of a click and is told where the user goes. */
export function sessionRoutes(options: SessionOptions): (app: IRouter) => void {
  const answer = answerClick(options)
  return (app) => {
    app.route(SESSION_PATH).all(allowMethods('POST'), countAsClick, options.requireDivar).post(answer)
  }
}

/** Ends everything under the path in the shape that Divar reads, also what was refused before it came to the route. */
export const sessionFaults = { path: SESSION_PATH, handler: answerFaults(sessionShape, logRefusalAs('click.refused')) }

const countAsClick: RequestHandler = (_request, response, next) => {
  response.locals.requestLog.subject = 'click'
  next()
}

function answerClick(options: SessionOptions): RequestHandler {
  const { resolverKind } = options
  const landingOf = findLanding(options)
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

    const landing = await landingOf(click, requestLog)
    if (landing.consent !== undefined) fields['consent'] = landing.consent
    requestLog.conclude('click.resolved')
    response.endJson(200, { status: '200', message: landing.message ?? 'success', url: landing.url })
  }
}

/** Where the user goes, and the message of the answer. */
type Answered = ClickTarget & { message?: string }

/** Where a click leads, or the fallback. What is known at once is not waited for. */
function findLanding({ resolve, requireConsent, fallbackUrl, maxRunning, log }: SessionOptions) {
  let running = 0
  return async (click: Click, requestLog: RequestLog): Promise<Answered> => {
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

/** Better some users elsewhere at once than all of them late. */
function shed(requestLog: RequestLog, fallbackUrl: string | undefined, maxRunning: number): Answered {
  requestLog.fields['reason'] = `${maxRunning} clicks are running`
  if (fallbackUrl === undefined) requestLog.fields['code'] = 'overloaded'
  requestLog.conclude('click.shed', 'error')
  if (fallbackUrl !== undefined) return { url: fallbackUrl }
  throw new Fault('overloaded', 'This app takes no more clicks just now.', { retryAfter: SHED_RETRY_S })
}

/** A user is better off on the fallback landing than before an error; whoever runs the resolver is told either way. */
function fallBack(error: unknown, requestLog: RequestLog, fallbackUrl: string | undefined): Answered {
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
