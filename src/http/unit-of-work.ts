import type { RequestHandler, Response } from 'express'
import { newId } from '../base/id.ts'
import type { Logger } from '../base/log.ts'
import type { Spans } from '../base/spans.ts'
import { readTrace, type Trace } from '../base/trace.ts'
import { spanOf } from './unit-span.ts'

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** One request, and the one wide line that its log gets. */
export type UnitOfWork = {
  readonly requestId: string
  readonly trace: Trace
  /** What the line says beside the event. Never bodies, tokens, keys, texts or ids of people. */
  readonly fields: Record<string, unknown>
  /** What its end is counted as, beside a request. */
  subject?: 'click' | 'send' | undefined
  /**
   * Says what happened, e.g. `click.resolved`; the first conclusion counts. The line is written once that is known and the
   * answer is out or its reader gone, whichever comes last: a caller that hangs up does not hide how its message ended.
   * A unit without a conclusion (a probe) gets no line, and no span.
   */
  conclude: (event: string, level?: Level) => void
}

/** Who looks at units of work beside the log. */
export type Watch = {
  /** Told of each request once its answer is out: the pattern of its route, or `none`, and its status, 0 where no answer began. */
  onAnswered: (route: string, status: number) => void
  /** Told of each unit that came to a conclusion. */
  onConcluded: (unit: UnitOfWork, event: string) => void
  /** Where spans are asked for. */
  spans?: Spans | undefined
}

declare global {
  // Express's own hook for typing `res.locals`.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Locals {
      unit: UnitOfWork
    }
  }
}

/** Opens the unit of work of each request. */
export function unitOfWork(log: Logger, { onAnswered, onConcluded, spans }: Watch): RequestHandler {
  return (request, response, next) => {
    const offered = request.get('x-request-id')
    const requestId = offered !== undefined && REQUEST_ID.test(offered) ? offered : newId('req')
    const received = readTrace(request.get('traceparent'), request.get('tracestate'))
    const span = spans?.begin('server', 'request', received)
    const trace = span?.trace ?? received
    const fields: Record<string, unknown> = {}
    const startedAt = performance.now()
    let conclusion: { event: string; level: Level } | undefined
    const write = () => {
      if (conclusion === undefined || !response.closed) return
      const { event, level } = conclusion
      log[level]({
        event,
        request_id: requestId,
        trace_id: trace.traceId,
        status: response.statusCode,
        duration_ms: elapsedMs(startedAt),
        ...(!response.writableFinished && { client_gone: true }),
        ...fields,
      })
      onConcluded(unit, event)
      span?.end(spanOf(request.method, routeOf(request), response.statusCode, event, fields))
    }
    const conclude: UnitOfWork['conclude'] = (event, level = 'info') => {
      if (conclusion !== undefined) return
      conclusion = { event, level }
      write()
    }
    const unit: UnitOfWork = { requestId, trace, fields, subject: undefined, conclude }
    response.locals.unit = unit
    response.requestId = requestId
    response.once('close', () => {
      onAnswered(routeOf(request), statusOf(response))
      write()
    })
    next()
  }
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
