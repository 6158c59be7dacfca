import { Pool, type Dispatcher } from 'undici'
import { startDeadline } from '../base/timeout.ts'
import { describeError } from '../observability/log.ts'
import { createConnector, type Resolve } from './connector.ts'
import { TOO_LARGE, type Exchange, type ExchangeRequest, type FailureCause, type ReplyHeaders } from './exchange.ts'

/**
 * Servers close idle sockets after 5 s (Node), 60 s or 75 s. Whether a request written at that moment was read is unknown, so ours close first. A
 * shorter limit that the server announces is honored, with a margin.
 */
const IDLE_MS = 3000

/** The maximum age of a socket when a request begins, so that a changed DNS record takes effect even under load. */
const MAX_AGE_MS = 60_000

export type Sockets = Pick<Pool, 'dispatch'> & { destroy: () => Promise<void> }

type PoolOptions = {
  maxSockets?: number
  maxAgeMs?: number
  /** DNS resolution; the system's by default. */
  resolve?: Resolve
}

/**
 * Keep-alive sockets to one origin over HTTP/1.1. They are replaced together when they are too old; undici's `clientTtl` would read the clock for every
 * busy socket at each request.
 */
export function createPool(
  origin: string,
  connectTimeoutMs: number,
  { maxSockets, maxAgeMs = MAX_AGE_MS, resolve }: PoolOptions = {},
): Sockets {
  const openPool = () =>
    new Pool(origin, {
      connections: maxSockets ?? null,
      pipelining: 1,
      allowH2: false,
      connect: createConnector(connectTimeoutMs, resolve),
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      keepAliveTimeoutThreshold: 1000,
    })
  let pool = openPool()
  let openedAt = performance.now()
  /** Earlier pools, until their running requests have ended. */
  const closing = new Set<Pool>()
  const replace = () => {
    const old = pool
    closing.add(old)
    old.close(() => {
      closing.delete(old)
    })
    pool = openPool()
    openedAt = performance.now()
  }
  return {
    dispatch: (options, handler) => {
      if (performance.now() - openedAt > maxAgeMs) replace()
      return pool.dispatch(options, handler)
    },
    destroy: async () => {
      await Promise.all([pool, ...closing].map((open) => open.destroy()))
    },
  }
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
