import type { Request, Response } from 'express'
import { newId } from '../base/id.ts'
import type { Logger } from '../observability/log.ts'
import type { Spans, SpanAttributes, SpanEnd } from '../observability/spans.ts'
import { readTrace, type Trace } from '../observability/trace.ts'

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** What every line says; the rest is added as it becomes known. */
type Line = Record<string, unknown> & {
  event: string
  request_id: string
  trace_id: string
  status: number
  duration_ms: number
}

/** One request, and the one wide line that its log gets. */
export type RequestLog = {
  readonly requestId: string
  readonly trace: Trace
  /** The line itself, as far as it is known. Never bodies, tokens, keys, texts or ids of people. */
  readonly fields: Record<string, unknown>
  /** What its end is counted as, beside a request. */
  subject?: 'click' | 'send' | undefined
  /**
   * Says what happened, e.g. `click.resolved`; the first conclusion counts. The line is written once that is known and the
   * answer is out or its reader gone, whichever comes last: a caller that hangs up does not hide how its message ended.
   * A requestLog without a conclusion (a probe) gets no line, and no span.
   */
  conclude: (event: string, level?: Level) => void
}

/** Who looks at units of work beside the log. */
export type RequestObserver = {
  /** Told of each request once its answer is out: the pattern of its route, or `none`, and its status, 0 where no answer began. */
  onAnswered: (route: string, status: number) => void
  /** Told of each requestLog that came to a conclusion. */
  onConcluded: (requestLog: RequestLog, event: string) => void
  /** Where spans are asked for. */
  spans?: Spans | undefined
}

declare global {
  // Express's own hook for typing `res.locals`.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Locals {
      requestLog: RequestLog
    }
  }
}

/** Opens the unit of work of each request. */
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
    // One object from here to the line: a copy would be made member by member.
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
    // Express would make an object for whatever may come, and look up what comes by name.
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

/** The pattern that took the request, which is ours; never its path. */
function routeOf({ route }: { route?: unknown }): string {
  const path = typeof route === 'object' && route !== null && 'path' in route ? route.path : undefined
  return typeof path === 'string' ? path : 'none'
}

function statusOf({ headersSent, statusCode }: Response): number {
  return headersSent ? statusCode : 0
}

/** Of a line's fields, those that leave with a span: ids of ours, and words of a closed list. */
const SHOWN = ['click_id', 'message_id', 'grant_id', 'wire', 'resolver', 'consent', 'by', 'code', 'divar_status']

/** What a span says of one request: never its path, its headers, nor the id that its caller gave it. */
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
