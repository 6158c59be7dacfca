import type { Dispatcher } from 'undici'
import { runInBatch } from '../base/tick-batch.ts'
import { startDeadline } from '../base/timeout.ts'
import { describeError } from '../observability/log.ts'
import { type Span, type Spans, traceHeaders, type Trace } from '../observability/trace.ts'
import { createPool, MAX_SOCKETS, type Sockets } from './pool.ts'

/** An HTTP client for one origin. */
export type Host = {
  send: (request: ExchangeRequest) => Promise<Exchange>
  /** Aborts running exchanges; each of them still settles. */
  destroy: () => Promise<void>
}

/**
 * Keep-alive sockets to one origin, and a queue before them. Requests leave the queue when they time out; otherwise, after an outage, fresh requests
 * would wait behind expired ones.
 */
export function createHost(origin: string, connectTimeoutMs: number, spans?: Spans, maxSockets = MAX_SOCKETS): Host {
  const pool = createPool(origin, connectTimeoutMs)
  const sockets = new Semaphore(maxSockets)
  const release = () => {
    sockets.release()
  }
  const sendWithin = async (timeoutMs: number, request: ExchangeRequest, span?: Span): Promise<Exchange> => {
    const { traced } = request
    const headers = traced ? { ...request.headers, ...traceHeaders(traced.trace, span?.trace.spanId) } : request.headers
    const exchange = await ask(pool, { ...request, headers, timeoutMs }, release)
    await new Promise<void>(runInBatch)
    return exchange
  }
  const sendLater = async (request: ExchangeRequest, span?: Span): Promise<Exchange> => {
    const startedAt = performance.now()
    const acquired = await sockets.acquire(request.timeoutMs)
    const leftMs = request.timeoutMs - (performance.now() - startedAt)
    if (acquired && leftMs >= 1) return sendWithin(leftMs, request, span)
    // Too late: to write now and give up at once would leave the outcome unknown.
    if (acquired) release()
    return { kind: 'failed', begun: false, cause: 'local', reason: 'no socket in time' }
  }
  const send = (request: ExchangeRequest, span?: Span): Promise<Exchange> =>
    sockets.tryAcquire() ? sendWithin(request.timeoutMs, request, span) : sendLater(request, span)
  return {
    send: spans === undefined ? (request) => send(request) : withSpans(send, spans),
    destroy: async () => {
      sockets.close()
      await pool.destroy()
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
  readonly #waiting = new Set<(acquired: boolean) => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** Takes a permit if one is free. After `true`, call `release` once. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  /** Resolves to false if no permit was free in time. After `true`, call `release` once. */
  acquire(timeoutMs: number): Promise<boolean> {
    if (this.tryAcquire()) return Promise.resolve(true)
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

  /** Resolves all waiting calls to false. */
  close(): void {
    for (const settle of this.#waiting) settle(false)
  }

  release(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free += 1
    else next(true)
  }
}

/** The result of one HTTP exchange. */
export type Exchange =
  /** A status came; `body` is undefined when it broke off, took too long or passed its bound, and `lost` says which. */
  | { kind: 'answered'; status: number; headers: ReplyHeaders; body: Buffer | undefined; lost?: string }
  /** No status came. `begun` tells whether a byte of the request may have been written. */
  | { kind: 'failed'; begun: boolean; cause: FailureCause; reason: string }

/** What ended an exchange without a status: this process, the caller's signal, or the host and the way to it. */
export type FailureCause = 'local' | 'aborted' | 'remote'

/** The `lost` of an answer that passed `maxBytes`. */
export const TOO_LARGE = 'answer too large'

export type ReplyHeaders = Record<string, string | string[] | undefined>

export type ExchangeRequest = {
  /** POST by default. */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  headers: Record<string, string>
  body?: string | Buffer | undefined
  /** Timeout of the whole exchange: waiting for a socket, connecting, writing, reading the whole answer. */
  timeoutMs: number
  maxBytes: number
  signal?: AbortSignal | undefined
  /** The trace it belongs to, and the name of its span. */
  traced?: { as: string; trace: Trace } | undefined
}

const SENDABLE_PATH = /^\/[\x21-\x7e]*$/
const SENDABLE_HEADER = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Sends one request, without redirects or retries. Settles within its timeout and never rejects.
 * @param onReleased called once the pool is done with the request, which may be after a timeout
 */
export function ask(
  pool: Pick<Sockets, 'dispatch'>,
  request: ExchangeRequest,
  onReleased?: () => void,
): Promise<Exchange> {
  const { method = 'POST', path, headers, body = null } = request
  // Checked here, since a pool that rejects it never reuses the socket that it had chosen.
  if (!SENDABLE_PATH.test(path) || !Object.values(headers).every((value) => SENDABLE_HEADER.test(value))) {
    onReleased?.()
    return Promise.resolve({ kind: 'failed', begun: false, cause: 'local', reason: 'unsendable path or header' })
  }
  // Encoded answers are not decoded.
  const plain = { 'accept-encoding': 'identity', ...headers }
  return new Promise((resolve) => {
    const running = new RunningExchange(request, resolve, onReleased)
    try {
      pool.dispatch({ method, path, headers: plain, body, headersTimeout: 0, bodyTimeout: 0 }, running)
    } catch (error) {
      running.end(undefined, codeOf(error))
    }
  })
}

/** An exchange from its dispatch to its end. Settles once: by the answer, a failure, the timeout or the signal. */
class RunningExchange implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest
  readonly #resolve: (exchange: Exchange) => void
  readonly #onReleased: (() => void) | undefined
  readonly #stopDeadline: () => void
  /** Set once the first byte of the request may have been written. */
  #controller: Dispatcher.DispatchController | undefined
  #answer: { status: number; headers: ReplyHeaders } | undefined
  readonly #chunks: Buffer[] = []
  #size = 0
  #isSettled = false

  constructor(request: ExchangeRequest, resolve: (exchange: Exchange) => void, onReleased?: () => void) {
    this.#request = request
    this.#resolve = resolve
    this.#onReleased = onReleased
    this.#stopDeadline = startDeadline(request.timeoutMs, () => {
      this.#giveUp('timeout')
    })
    request.signal?.addEventListener('abort', this.#onAbort)
    if (request.signal?.aborted) this.#onAbort()
  }

  /** Called on a connected socket, just before the first byte is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) controller.abort(new Error('given up before it began'))
    else this.#controller = controller
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ReplyHeaders): void {
    // An informational answer comes first and is overwritten by the final one.
    if (status >= 200) this.#answer = { status, headers }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#request.maxBytes) this.#giveUp(TOO_LARGE)
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.end(Buffer.concat(this.#chunks, this.#size), 'no final answer')
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.end(undefined, codeOf(error))
  }

  /** Settles, and frees the socket. `reason` matters only if no status came. */
  end(body: Buffer | undefined, reason: string): void {
    this.#settle(body, reason, 'remote')
    this.#onReleased?.()
  }

  readonly #onAbort = (): void => {
    this.#giveUp('aborted', 'aborted')
  }

  #giveUp(reason: string, cause: FailureCause = 'remote'): void {
    this.#settle(undefined, reason, cause)
    this.#controller?.abort(new Error(reason))
  }

  #settle(body: Buffer | undefined, reason: string, cause: FailureCause): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#stopDeadline()
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
    const begun = this.#controller !== undefined
    if (this.#answer === undefined) this.#resolve({ kind: 'failed', begun, cause, reason })
    else this.#resolve({ kind: 'answered', ...this.#answer, body, ...(body === undefined && { lost: reason }) })
  }
}

function codeOf(error: unknown): string {
  const { error: name, error_code: code } = describeError(error)
  return code ?? name
}
