import type { Trace } from '../observability/trace.ts'

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
