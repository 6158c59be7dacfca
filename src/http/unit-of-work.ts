import type { RequestHandler } from 'express'
import { newId } from '../base/id.ts'
import type { Logger } from '../base/log.ts'
import { readTrace, type Trace } from '../base/trace.ts'

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/

/** One request, and the one wide line that its log gets. */
export type UnitOfWork = {
  readonly requestId: string
  readonly trace: Trace
  /** What happened, e.g. `click.resolved`; nothing is logged while it is unset (probes, pages). */
  event?: string
  level: 'debug' | 'info' | 'warn' | 'error'
  /** What the line says beside the event. Never bodies, tokens, keys, texts or ids of people. */
  fields: Record<string, unknown>
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

/** Opens the unit of work of each request and writes its line once the answer is out, or the client gone. */
export function unitOfWork(log: Logger): RequestHandler {
  return (request, response, next) => {
    const offered = request.get('x-request-id')
    const unit: UnitOfWork = {
      requestId: offered !== undefined && REQUEST_ID.test(offered) ? offered : newId('req'),
      trace: readTrace(request.get('traceparent')),
      level: 'info',
      fields: {},
    }
    const startedAt = performance.now()
    response.locals.unit = unit
    response.setHeader('x-request-id', unit.requestId)
    response.once('close', () => {
      if (unit.event === undefined) return
      log[unit.level]({
        event: unit.event,
        request_id: unit.requestId,
        trace_id: unit.trace.traceId,
        status: response.statusCode,
        duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(!response.writableFinished && { client_gone: true }),
        ...unit.fields,
      })
    })
    next()
  }
}
