import type { Dispatcher } from 'undici'
import { isJsonObject, parseStrictJson, type JsonObject } from '../base/strict-json.ts'
import { joinBatch } from '../base/tick-batch.ts'
import { startDeadline } from '../base/timeout.ts'
import { describeError } from '../observability/log.ts'
import { type Span, type Spans, traceHeaders, type Trace } from '../observability/trace.ts'
import { createPool, MAX_SOCKETS, Semaphore, type Sockets } from './pool.ts'

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
export function createHost(origin: string, connectTimeoutMs: number, spans?: Spans): Host {
  const pool = createPool(origin, connectTimeoutMs)
  const sockets = new Semaphore(MAX_SOCKETS)
  const release = () => {
    sockets.release()
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

/** The result of one HTTP exchange. */
export type Exchange =
  /** A status came; `body` is undefined when it broke off, took too long or passed its bound. */
  | { kind: 'answered'; status: number; headers: ReplyHeaders; body: Buffer | undefined }
  /** No status came. `begun` tells whether a byte of the request may have been written. */
  | { kind: 'failed'; begun: boolean; cause: FailureCause; reason: string }

/** What ended an exchange without a status: this process, the caller's signal, or the host and the way to it. */
export type FailureCause = 'local' | 'aborted' | 'remote'

export type ReplyHeaders = Record<string, string | string[] | undefined>

export type ExchangeRequest = {
  /** POST by default. */
  method?: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
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
  const { method = 'POST', path, headers, body = null, timeoutMs, maxBytes, signal } = request
  // Checked here, since a pool that rejects it never reuses the socket that it had chosen.
  if (!SENDABLE_PATH.test(path) || !Object.values(headers).every((value) => SENDABLE_HEADER.test(value))) {
    onReleased?.()
    return Promise.resolve({ kind: 'failed', begun: false, cause: 'local', reason: 'unsendable path or header' })
  }
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let answer: { status: number; headers: ReplyHeaders } | undefined
    let isSettled = false
    let size = 0
    const chunks: Buffer[] = []
    const settle = (body: Buffer | undefined, reason: string, cause: FailureCause = 'remote') => {
      if (isSettled) return
      isSettled = true
      stopDeadline()
      signal?.removeEventListener('abort', onAbort)
      const begun = controller !== undefined
      resolve(answer ? { kind: 'answered', ...answer, body } : { kind: 'failed', begun, cause, reason })
    }
    const giveUp = (reason: string, cause?: FailureCause) => {
      settle(undefined, reason, cause)
      controller?.abort(new Error(reason))
    }
    const end = (body: Buffer | undefined, reason: string) => {
      settle(body, reason)
      onReleased?.()
    }
    const onAbort = () => {
      giveUp('aborted', 'aborted')
    }
    const stopDeadline = startDeadline(timeoutMs, () => {
      giveUp('timeout')
    })
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
    // Encoded answers are not decoded.
    const asked = { 'accept-encoding': 'identity', ...headers }
    const options = { method, path, headers: asked, body, headersTimeout: 0, bodyTimeout: 0 }
    try {
      pool.dispatch(options, {
        /** Called on a connected socket, just before the first byte is written. */
        onRequestStart: (started) => {
          if (isSettled) started.abort(new Error('given up before it began'))
          else controller = started
        },
        onResponseStart: (_controller, status, received) => {
          // An informational answer comes first and is overwritten by the final one.
          if (status >= 200) answer = { status, headers: received }
        },
        onResponseData: (_controller, chunk) => {
          size += chunk.length
          if (size > maxBytes) giveUp('answer too large')
          else chunks.push(chunk)
        },
        onResponseEnd: () => {
          end(Buffer.concat(chunks, size), 'no final answer')
        },
        onResponseError: (_controller, error) => {
          end(undefined, codeOf(error))
        },
      })
    } catch (error) {
      end(undefined, codeOf(error))
    }
  })
}

function codeOf(error: unknown): string {
  const { error: name, error_code: code } = describeError(error)
  return code ?? name
}

/** The JSON object of an answer; undefined when it is no strict JSON or anything else. */
export function readJsonObject(body: Uint8Array | undefined): JsonObject | undefined {
  try {
    const json = body && parseStrictJson(body)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

const MAX_RETRY_AFTER_S = 24 * 60 * 60

/** `Retry-After` in whole seconds, from seconds or a date, at most a day; undefined when it is neither. */
export function readRetryAfter(header: string | string[] | undefined): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? ''
  // A date begins with its weekday; Date.parse would also accept `-1`.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(inUtc(text)) : NaN
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((date - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) : undefined
}

/** The asctime form, `Sun Nov  6 08:49:37 1994`, is in UTC; Date.parse would use the machine's time zone. */
function inUtc(date: string): string {
  return /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(date) ? `${date} UTC` : date
}
