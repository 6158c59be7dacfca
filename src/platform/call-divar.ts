import { isJsonText } from '../base/strict-json.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import type { Trace } from '../observability/trace.ts'
import {
  createBreaker as createHostBreaker,
  type Breaker as HostBreaker,
  type CallResult,
} from '../outbound/breaker.ts'
import type { BreakerOptions } from '../outbound/breaker.ts'
import { TOO_LARGE, type Exchange, type FailureCause, type Host, type ReplyHeaders } from '../outbound/host.ts'
import type { Operation } from './operations.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const FAILURES_IN_A_ROW = 10
/** Shorter secrets would also be found where they are not meant. */
const LEAST_MASKED = 8

/** One call of Divar, without its token. */
export type Call = {
  operation: Operation
  /** With its query. */
  path: string
  body: { bytes: Buffer; contentType: string } | undefined
}

/** How a call ended. */
export type Result =
  /** Divar answered with JSON, or with 204. */
  | { kind: 'answered'; status: number; body: Buffer; contentType: string; retryAfter: number | undefined }
  /** 401. */
  | { kind: 'token_refused' }
  /** A redirect, no JSON, or more than 4 MiB. */
  | { kind: 'unusable'; status: number; reason: string }
  /** No byte was written. */
  | { kind: 'not_sent'; cause: FailureCause; reason: string }
  /** Divar may have read the request. */
  | { kind: 'unknown'; cause: FailureCause; reason: string }
  /** The breaker is open: nothing was sent. */
  | { kind: 'unavailable'; retryAfterSeconds: number }

/** The breaker of platform calls; that of messages is another one. */
export type Breaker = HostBreaker<Result>

export function createBreaker(options: Pick<BreakerOptions<Result>, 'onChange' | 'openMs'>): Breaker {
  return createHostBreaker<Result>({
    ...options,
    failures: FAILURES_IN_A_ROW,
    classify,
    refuse: (retryAfterSeconds) => ({ kind: 'unavailable', retryAfterSeconds }),
  })
}

function classify(result: Result): CallResult {
  if (result.kind === 'unavailable') return 'ignored'
  if ('cause' in result) return result.cause === 'remote' ? 'failure' : 'ignored'
  return 'status' in result && result.status >= 500 && result.status <= 503 ? 'failure' : 'success'
}

type CallDivarOptions = { url: URL; host: Host; breaker: Breaker; apiKey: string; userAgent: string }

/**
 * Calls Divar once. Never rejects.
 * @param token the user's; undefined for a call without one
 * @param timeoutMs of the whole exchange
 */
export type CallDivar = (call: Call, token: string | undefined, timeoutMs: number, trace: Trace) => Promise<Result>

export function createCallDivar({ url, host, breaker, apiKey, userAgent }: CallDivarOptions): CallDivar {
  // The configured URL may have a path of its own, before Divar's.
  const prefix = url.pathname.replace(/\/+$/, '')
  return ({ operation, path, body }, token, timeoutMs, trace) =>
    breaker.run(async () => {
      const exchange = await host.send({
        method: operation.method,
        path: prefix + path,
        headers: {
          'user-agent': userAgent,
          'x-api-key': apiKey,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': body.contentType }),
        },
        body: body?.bytes,
        timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
        traced: { as: `call ${operation.name}`, trace },
      })
      return readResult(exchange, token === undefined ? [apiKey] : [apiKey, token])
    })
}

function readResult(exchange: Exchange, secrets: readonly string[]): Result {
  if (exchange.kind === 'failed') {
    const { begun, cause, reason } = exchange
    return { kind: begun ? 'unknown' : 'not_sent', cause, reason }
  }
  const { status, headers, body, lost = '' } = exchange
  if (status === 401) return { kind: 'token_refused' }
  if (status < 200 || (status >= 300 && status < 400)) return { kind: 'unusable', status, reason: 'a redirect' }
  if (lost === TOO_LARGE) return { kind: 'unusable', status, reason: 'more than 4 MiB' }
  if (body === undefined) return { kind: 'unknown', cause: 'remote', reason: `status ${status}, and then ${lost}` }
  const contentType = jsonTypeOf(headers)
  const isEmpty = status === 204 && body.length === 0
  if (!isEmpty && (contentType === undefined || !isJsonText(body)))
    return { kind: 'unusable', status, reason: 'no JSON' }
  return {
    kind: 'answered',
    status,
    body: mask(body, secrets),
    contentType: contentType ?? 'application/json',
    retryAfter: readRetryAfter(headers['retry-after']),
  }
}

/** The content type of a JSON answer, JSON if it has none; undefined for any other. */
function jsonTypeOf({ 'content-type': given = 'application/json' }: ReplyHeaders): string | undefined {
  return typeof given === 'string' && /^application\/(?:[\w.-]+\+)?json\s*(?:;[\t\x20-\x7e]*)?$/i.test(given)
    ? given
    : undefined
}

/** A grant's token and the app's key stay in the gateway, also when Divar repeats them in an answer. */
function mask(body: Buffer, secrets: readonly string[]): Buffer {
  return secrets
    .filter((secret) => secret.length >= LEAST_MASKED && body.includes(secret))
    .reduce((bytes, secret) => Buffer.from(bytes.toString('utf8').replaceAll(secret, '***')), body)
}
