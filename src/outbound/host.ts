import type { Span, Spans } from '../observability/spans.ts'
import { joinBatch } from '../base/tick-batch.ts'
import { traceHeaders } from '../observability/trace.ts'
import { ask, type Exchange, type ExchangeRequest } from './exchange.ts'
import { createPool, MAX_SOCKETS } from './pool.ts'
import { Slots } from './semaphore.ts'

/** One host that we call. */
export type Host = {
  send: (request: ExchangeRequest) => Promise<Exchange>
  /** Cuts what runs; each exchange still settles. */
  destroy: () => Promise<void>
}

/**
 * Keep-alive sockets to one origin, and a queue before them that requests leave when their deadline passes: a request that nobody
 * waits for any more would otherwise get its socket in its turn, and after an outage the living would wait behind the dead.
 */
export function createHost(origin: string, connectTimeoutMs: number, spans?: Spans): Host {
  const pool = createPool(origin, connectTimeoutMs)
  const slots = new Slots(MAX_SOCKETS)
  const release = () => {
    slots.release()
  }
  const sendWithin = async (timeoutMs: number, request: ExchangeRequest, span?: Span): Promise<Exchange> => {
    const { traced } = request
    const headers = traced ? { ...request.headers, ...traceHeaders(traced.trace, span?.trace.spanId) } : request.headers
    const exchange = await ask(pool, { ...request, headers, timeoutMs }, release)
    await joinBatch()
    return exchange
  }
  const sendLater = async (request: ExchangeRequest, span?: Span): Promise<Exchange> => {
    const startedAt = performance.now()
    if (!(await slots.take(request.timeoutMs)))
      return { kind: 'failed', begun: false, cause: 'local', reason: 'no socket in time' }
    const leftMs = request.timeoutMs - (performance.now() - startedAt)
    if (leftMs >= 1) return sendWithin(leftMs, request, span)
    // A socket that is free too late serves the next; to write now and give up at once would leave the outcome unknown.
    release()
    return { kind: 'failed', begun: false, cause: 'local', reason: 'no socket in time' }
  }
  const send = (request: ExchangeRequest, span?: Span): Promise<Exchange> =>
    slots.takeNow() ? sendWithin(request.timeoutMs, request, span) : sendLater(request, span)
  return {
    send: spans === undefined ? (request) => send(request) : spanned(send, spans),
    destroy: async () => {
      slots.close()
      await pool.destroy()
    },
  }
}

/** Each exchange of a trace under a span of its own. */
function spanned(send: (request: ExchangeRequest, span?: Span) => Promise<Exchange>, spans: Spans): Host['send'] {
  return async (request) => {
    if (request.traced === undefined) return send(request)
    const { as, trace } = request.traced
    const span = spans.begin('client', as, trace)
    const exchange = await send({ ...request, traced: { as, trace: span.trace } }, span)
    span.end(
      exchange.kind === 'failed'
        ? { attributes: { 'error.type': exchange.begun ? 'no_answer' : 'not_sent' }, failed: true }
        : { attributes: { 'http.response.status_code': exchange.status }, failed: exchange.status >= 400 },
    )
    return exchange
  }
}
