import { pathBelow } from '../base/address.ts'
import { isJsonText } from '../base/strict-json.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import { maskJson } from '../divar/mask.ts'
import type { Trace } from '../observability/trace.ts'
import {
  createBreaker as createHostBreaker,
  type Breaker as HostBreaker,
  type CallResult,
} from '../outbound/breaker.ts'
import type { BreakerOptions } from '../outbound/breaker.ts'
import { TOO_LARGE, type Exchange, type FailureCause, type ReplyHeaders } from '../outbound/exchange.ts'
import type { Host } from '../outbound/host.ts'
import type { Operation } from './operations.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const FAILURES_IN_A_ROW = 10

/** One call of Divar, without its token. */
export type Call = {
  operation: Operation
  /** With its query. */
  path: string
  body: { bytes: Buffer; contentType: string } | undefined
}

/** A redirect or a status beyond HTTP's, more than 4 MiB, or no JSON. */
export type Flaw = 'status' | 'too_large' | 'no_json'

/** How a call ended. */
export type Result =
  /** Divar answered with JSON, or with 204. */
  | { kind: 'answered'; status: number; body: Buffer; contentType: string; retryAfter: number | undefined }
  /** 401. */
  | { kind: 'token_refused' }
  /** `flaw`: why Divar's answer cannot be passed on. */
  | { kind: 'unusable'; status: number; flaw: Flaw }
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
  return ({ operation, path, body }, token, timeoutMs, trace) =>
    breaker.run(async () => {
      const exchange = await host.send({
        method: operation.method,
        path: pathBelow(url, path),
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
  if (!isPassedOn(status)) return { kind: 'unusable', status, flaw: 'status' }
  if (lost === TOO_LARGE) return { kind: 'unusable', status, flaw: 'too_large' }
  if (body === undefined) return { kind: 'unknown', cause: 'remote', reason: `status ${status}, and then ${lost}` }
  const contentType = jsonTypeOf(headers)
  const isEmpty = status === 204 && body.length === 0
  if (!isEmpty && (contentType === undefined || !isJsonText(body))) return { kind: 'unusable', status, flaw: 'no_json' }
  return {
    kind: 'answered',
    status,
    // A grant's token and the app's key stay in the gateway, also when Divar repeats them.
    body: maskJson(body, secrets),
    contentType: contentType ?? 'application/json',
    retryAfter: readRetryAfter(headers['retry-after']),
  }
}

/** Not a redirect, whose target was not configured, and no status that HTTP does not have. */
function isPassedOn(status: number): boolean {
  return status >= 200 && status < 600 && !(status >= 300 && status < 400)
}

/** The content type of a JSON answer, JSON if it has none; undefined for any other. */
function jsonTypeOf({ 'content-type': given = 'application/json' }: ReplyHeaders): string | undefined {
  return typeof given === 'string' && /^application\/(?:[\w.-]+\+)?json\s*(?:;[\t\x20-\x7e]*)?$/i.test(given)
    ? given
    : undefined
}
