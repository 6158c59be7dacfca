import type { RequestHandler } from 'express'
import { newId } from '../base/id.ts'
import type { Logger } from '../base/log.ts'
import { readTrace, type Trace } from '../base/trace.ts'

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** One request, and the one wide line that its log gets. */
export type UnitOfWork = {
  readonly requestId: string
  readonly trace: Trace
  /** What the line says beside the event. Never bodies, tokens, keys, texts or ids of people. */
  readonly fields: Record<string, unknown>
  /**
   * Says what happened, e.g. `click.resolved`; the first conclusion counts. The line is written once that is known and the
   * answer is out or its reader gone, whichever comes last: a caller that hangs up does not hide how its message ended.
   * A unit without a conclusion (a probe) gets no line.
   */
  conclude: (event: string, level?: Level) => void
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
export function unitOfWork(log: Logger): RequestHandler {
  return (request, response, next) => {
    const offered = request.get('x-request-id')
    const requestId = offered !== undefined && REQUEST_ID.test(offered) ? offered : newId('req')
    const trace = readTrace(request.get('traceparent'))
    const fields: Record<string, unknown> = {}
    const startedAt = performance.now()
    let conclusion: { event: string; level: Level } | undefined
    const write = () => {
      if (conclusion === undefined || !response.closed) return
      log[conclusion.level]({
        event: conclusion.event,
        request_id: requestId,
        trace_id: trace.traceId,
        status: response.statusCode,
        duration_ms: elapsedMs(startedAt),
        ...(!response.writableFinished && { client_gone: true }),
        ...fields,
      })
    }
    const conclude: UnitOfWork['conclude'] = (event, level = 'info') => {
      if (conclusion !== undefined) return
      conclusion = { event, level }
      write()
    }
    response.locals.unit = { requestId, trace, fields, conclude }
    response.requestId = requestId
    response.once('close', write)
    next()
  }
}

/** Milliseconds since a `performance.now()`, to a tenth. */
export function elapsedMs(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 10) / 10
}
