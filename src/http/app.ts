import express, { Router } from 'express'
import type { ErrorRequestHandler, Express, IRouter, Request, RequestHandler, Response } from 'express'
import { Fault } from '../base/fault.ts'
import { newId } from '../base/id.ts'
import type { Level, Logger } from '../observability/log.ts'
import { readTrace, type SpanEnd, type Spans, type Trace } from '../observability/trace.ts'
import { answerFaults, lastResort, logRefusalAs, problemShape } from './answer-fault.ts'
import { findHeadProblem } from './request.ts'

/** The routes of one listener. */
export type ListenerRoutes = {
  /** Adds the most used route directly to the app, which saves a router per request. */
  mountFirst?: (app: IRouter) => void
  routers: readonly Router[]
  /** Error handlers of paths whose errors are not RFC 9457 problems. */
  faultHandlers?: readonly { path: string | RegExp; handler: ErrorRequestHandler }[]
}

export type AppOptions = {
  /** Express's `trust proxy` function: whether to trust the X-Forwarded-For of this proxy. The socket's own address is hop 0. */
  trustProxy: (proxyAddress: string, hop: number) => boolean
  observer: RequestObserver
  log: Logger
}

/** Builds one listener's app: request log and request checks, then the routes, then the error handlers. */
export function createApp(
  { mountFirst, routers, faultHandlers = [] }: ListenerRoutes,
  { trustProxy, observer, log }: AppOptions,
): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', trustProxy)
  app.use((request, response, next) => {
    openRequestLog(request, response, log, observer)
    const why = findHeadProblem(request)
    if (why !== undefined) {
      // What follows on this connection may be smuggled.
      response.setHeader('connection', 'close')
      throw new Fault('malformed_request', why)
    }
    next()
  })
  mountFirst?.(app)
  for (const router of routers) app.use(router)
  app.use(() => {
    throw new Fault(
      'not_found',
      'path: expected one of the routes that GET /docs describes; with INTERNAL_PORT, /docs is on that port',
    )
  })
  for (const { path, handler } of faultHandlers) app.use(path, handler)
  app.use(answerFaults(problemShape, logRefusalAs('request.refused')), lastResort(log))
  return app
}

/** A router whose paths match exactly, with their case and without a trailing slash. */
export function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true })
}

/** Refuses every method but these, e.g. `GET, HEAD`. */
export function allowMethods(allow: string): RequestHandler {
  const methods = new Set(allow.split(', '))
  return ({ method }, _response, next) => {
    if (!methods.has(method)) throw new Fault('method_not_allowed', `method: expected ${allow}`, { allow })
    next()
  }
}

/**
 * Mounts `routes` on these paths only, so that its middleware, e.g. authentication, covers all its routes and every other path stays a 404.
 * @param paths each with its allowed methods; others are refused before the middleware runs
 */
export function routesOn(paths: Readonly<Record<string, string>>, routes: Router): Router {
  const router = createRouter()
  for (const [path, allow] of Object.entries(paths)) router.all(path, allowMethods(allow), routes)
  return router
}

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

/** The fields of every log line. */
type Line = Record<string, unknown> & {
  event: string
  request_id: string
  trace_id: string
  status: number
  duration_ms: number
}

/** Collects the one log line of a request. */
export type RequestLog = {
  readonly requestId: string
  readonly trace: Trace
  /** Never bodies, tokens, keys, texts or ids of people. */
  readonly fields: Record<string, unknown>
  /** Also counts the request as a click, a dynamic action, a send, a platform call or an event. */
  subject?: 'click' | 'action' | 'send' | 'call' | 'event' | undefined
  /**
   * Sets the line's event, e.g. `click.resolved`; the first call counts. The line is written once the event is set and the response has closed,
   * also when the client disconnects early. Without an event (a health probe) there is no line and no span.
   */
  conclude: (event: string, level?: Level) => void
  /** The texts that name the conversations of this request, for the timeline. Never logged. */
  chats?: (() => readonly string[]) | undefined
  /** Writes a line of its own about a change: which caller, what, and how many. Never ids of people. */
  audit: (act: string, about: Record<string, unknown>) => void
}

/** Metrics and tracing of requests. */
type RequestObserver = {
  /** Called when a response closes, with the route's pattern (or `none`) and the status (0 if the response never began). */
  onAnswered: (route: string, status: number) => void
  /** Called for each request that has an event. */
  onConcluded: (requestLog: RequestLog, event: string) => void
  /** Absent without tracing. */
  spans?: Spans | undefined
}

declare global {
  // Express's documented way to type `res.locals`.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Locals {
      requestLog: RequestLog
    }
  }
}

function openRequestLog(
  request: Request,
  response: Response,
  log: Logger,
  { onAnswered, onConcluded, spans }: RequestObserver,
): void {
  const { headers } = request
  const offered = textOf(headers['x-request-id'])
  const requestId = offered !== undefined && REQUEST_ID.test(offered) ? offered : newId('req')
  const received = readTrace(textOf(headers['traceparent']), textOf(headers['tracestate']))
  const span = spans?.begin('server', 'request', received)
  const trace = span?.trace ?? received
  const startedAt = performance.now()
  const fields: Line = { event: '', request_id: requestId, trace_id: trace.traceId, status: 0, duration_ms: 0 }
  let conclusion: { event: string; level: Level } | undefined
  const write = () => {
    if (conclusion === undefined || !response.closed) return
    const { event, level } = conclusion
    fields.event = event
    fields.status = response.statusCode
    fields.duration_ms = elapsedMs(startedAt)
    if (!response.writableFinished) fields['client_gone'] = true
    log[level](fields)
    onConcluded(requestLog, event)
    span?.end(spanOf(request.method, routeOf(request), fields))
  }
  const conclude: RequestLog['conclude'] = (event, level = 'info') => {
    if (conclusion !== undefined) return
    conclusion = { event, level }
    write()
  }
  const audit: RequestLog['audit'] = (act, about) => {
    log.info({ event: 'audit', act, caller: fields['caller'], request_id: requestId, ...about })
  }
  const requestLog: RequestLog = { requestId, trace, fields, subject: undefined, conclude, audit }
  response.locals = { requestLog }
  response.requestId = requestId
  response.on('close', () => {
    onAnswered(routeOf(request), response.headersSent ? response.statusCode : 0)
    write()
  })
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Milliseconds since a `performance.now()`, to a tenth. */
export function elapsedMs(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 10) / 10
}

/** The pattern of the matched route, never the path: a metric label has to be bounded. */
function routeOf({ route }: { route?: unknown }): string {
  const path = typeof route === 'object' && route !== null && 'path' in route ? route.path : undefined
  return typeof path === 'string' ? path : 'none'
}

/** Fields that become span attributes: our own ids, and words of closed lists. */
const SHOWN = [
  'click_id',
  'message_id',
  'grant_id',
  'wire',
  'resolver',
  'consent',
  'by',
  'code',
  'operation',
  'divar_status',
]

/** The end of a request's span. Never the path, headers or the caller's request id. */
function spanOf(method: string, route: string, fields: Line): SpanEnd {
  const { status, event } = fields
  const shown = SHOWN.flatMap((name) => {
    const value = fields[name]
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : []
  })
  return {
    name: `${method} ${route}`,
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      event,
      ...Object.fromEntries(shown),
    },
    failed: status >= 500,
  }
}
