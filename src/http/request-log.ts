import type { Request, Response } from 'express'
import { newId } from '../base/id.ts'
import type { Logger } from '../observability/log.ts'
import { type Spans, type SpanAttributes, type SpanEnd, readTrace, type Trace } from '../observability/trace.ts'

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

export type Level = 'debug' | 'info' | 'warn' | 'error'

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
  /** Fields of the line. Never bodies, tokens, keys, texts or ids of people. */
  readonly fields: Record<string, unknown>
  /** What the request is counted as besides. */
  subject?: 'click' | 'send' | undefined
  /**
   * Sets the line's event, e.g. `click.resolved`; the first call counts. The line is written when both the event is set and the response has
   * closed: a client that disconnects does not hide the outcome. Without an event (a health probe) there is no line and no span.
   */
  conclude: (event: string, level?: Level) => void
}

/** Metrics and tracing of requests. */
export type RequestObserver = {
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

/** Middleware that opens the request log of each request. */
export function openRequestLog(
  log: Logger,
  { onAnswered, onConcluded, spans }: RequestObserver,
): (request: Request, response: Response) => void {
  return (request, response) => {
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
      span?.end(spanOf(request.method, routeOf(request), response.statusCode, event, fields))
    }
    const conclude: RequestLog['conclude'] = (event, level = 'info') => {
      if (conclusion !== undefined) return
      conclusion = { event, level }
      write()
    }
    const requestLog: RequestLog = { requestId, trace, fields, subject: undefined, conclude }
    response.locals = { requestLog }
    response.requestId = requestId
    response.on('close', () => {
      onAnswered(routeOf(request), statusOf(response))
      write()
    })
  }
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

function statusOf({ headersSent, statusCode }: Response): number {
  return headersSent ? statusCode : 0
}

/** The fields that spans get: our own ids, and words of closed lists. */
const SHOWN = ['click_id', 'message_id', 'grant_id', 'wire', 'resolver', 'consent', 'by', 'code', 'divar_status']

/** The end of a request's span. Never the path, headers or the caller's request id. */
function spanOf(
  method: string,
  route: string,
  status: number,
  event: string,
  fields: Readonly<Record<string, unknown>>,
): SpanEnd {
  const attributes: SpanAttributes = {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
    event,
  }
  const shown = SHOWN.flatMap((name) => {
    const value = fields[name]
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : []
  })
  return {
    name: `${method} ${route}`,
    attributes: { ...attributes, ...Object.fromEntries(shown) },
    failed: status >= 500,
  }
}
