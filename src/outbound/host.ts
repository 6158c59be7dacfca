import { runInBatch } from '../base/tick-batch.ts'
import { startDeadline } from '../base/timeout.ts'
import { type Span, type Spans, traceHeaders } from '../observability/trace.ts'
import type { Exchange, ExchangeRequest } from './exchange.ts'

/** Concurrent sockets to one host. */
export const MAX_SOCKETS = 128

/** An HTTP client for one origin. */
export type Host = {
  send: (request: ExchangeRequest) => Promise<Exchange>
  /** Aborts running exchanges, and refuses new ones; each of them still settles. */
  destroy: () => Promise<void>
}

/**
 * Keep-alive sockets to one origin, and a queue before them. Requests leave the queue when they time out; otherwise, after an outage, fresh requests
 * would wait behind expired ones. The first request loads undici, which would take a third of the gateway's start.
 */
export function createHost(origin: string, connectTimeoutMs: number, spans?: Spans, maxSockets = MAX_SOCKETS): Host {
  let pool: ReturnType<typeof openPool> | undefined
  const openPool = async () => {
    const { ask, createPool } = await import('./pool.ts')
    return { ask, sockets: createPool(origin, connectTimeoutMs, { maxSockets }) }
  }
  const free = new Semaphore(maxSockets)
  const release = () => {
    free.release()
  }
  const sendWithin = async (timeoutMs: number, request: ExchangeRequest, span?: Span): Promise<Exchange> => {
    const { traced } = request
    const headers = traced ? { ...request.headers, ...traceHeaders(traced.trace, span?.trace.spanId) } : request.headers
    pool ??= openPool()
    const { ask, sockets } = await pool
    const exchange = await ask(sockets, { ...request, headers, timeoutMs }, release)
    await new Promise<void>(runInBatch)
    return exchange
  }
  const sendLater = async (request: ExchangeRequest, span?: Span): Promise<Exchange> => {
    const startedAt = performance.now()
    const acquired = await free.acquire(request.timeoutMs)
    const leftMs = request.timeoutMs - (performance.now() - startedAt)
    if (acquired && leftMs >= 1) return sendWithin(leftMs, request, span)
    // Too late: to write now and give up at once would leave the outcome unknown.
    if (acquired) release()
    return { kind: 'failed', begun: false, cause: 'local', reason: 'no socket in time' }
  }
  const send = (request: ExchangeRequest, span?: Span): Promise<Exchange> =>
    free.tryAcquire() ? sendWithin(request.timeoutMs, request, span) : sendLater(request, span)
  return {
    send: spans === undefined ? (request) => send(request) : withSpans(send, spans),
    destroy: async () => {
      free.close()
      await (await pool)?.sockets.destroy()
    },
  }
}

/** Gives each exchange of a trace a span of its own. */
function withSpans(send: (request: ExchangeRequest, span?: Span) => Promise<Exchange>, spans: Spans): Host['send'] {
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

/** A bounded number of permits, given out in the order of the calls. A call that times out leaves the queue. */
export class Semaphore {
  #free: number
  #isClosed = false
  readonly #waiting = new Set<(acquired: boolean) => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** Takes a permit if one is free. After `true`, call `release` once. */
  tryAcquire(): boolean {
    if (this.#isClosed || this.#free === 0) return false
    this.#free -= 1
    return true
  }

  /** Resolves to false if no permit was free in time. After `true`, call `release` once. */
  acquire(timeoutMs: number): Promise<boolean> {
    if (this.tryAcquire()) return Promise.resolve(true)
    if (this.#isClosed) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (acquired: boolean) => {
        stopDeadline()
        this.#waiting.delete(settle)
        resolve(acquired)
      }
      const stopDeadline = startDeadline(timeoutMs, () => {
        settle(false)
      })
      this.#waiting.add(settle)
    })
  }

  /** Gives out no permit any more; waiting calls resolve to false. */
  close(): void {
    this.#isClosed = true
    for (const settle of this.#waiting) settle(false)
  }

  release(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free += 1
    else next(true)
  }
}
