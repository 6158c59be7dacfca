import { clickToJson } from '../click/click.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import { createBreaker, type BreakerState, type CallResult } from '../outbound/breaker.ts'
import type { Exchange, Host } from '../outbound/host.ts'
import { ResolverError, type UncheckedResolver } from './resolver.ts'

const MAX_ANSWER_BYTES = 64 * 1024

type ForwardOptions = { url: URL; secret: string; timeoutMs: number; host: Host }

/** Calls the operator's service: POSTs the Click as JSON, expects 200 and a Landing. Redirects are not followed: their target was not configured. */
export function forwardResolver({ url, secret, timeoutMs, host }: ForwardOptions): UncheckedResolver {
  return async (click, { controller, trace }) => {
    const exchange = await host.send({
      path: url.pathname + url.search,
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${secret}` },
      body: JSON.stringify(clickToJson(click)),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal: controller.signal,
      traced: { as: 'forward click', trace },
    })
    if (exchange.kind === 'failed') throw new ResolverError(`RESOLVER_URL did not answer: ${exchange.reason}`)
    if (exchange.status !== 200) throw new ResolverError(`RESOLVER_URL answered ${exchange.status}, expected 200`)
    return readJson(exchange.body)
  }
}

function readJson(body: Buffer | undefined): unknown {
  if (body === undefined) throw new ResolverError(`RESOLVER_URL's answer broke off or passed ${MAX_ANSWER_BYTES} bytes`)
  try {
    return parseStrictJson(body)
  } catch (cause) {
    throw new ResolverError('RESOLVER_URL answered no well-formed JSON', cause)
  }
}

const FAILURES_IN_A_ROW = 5

/**
 * Puts a breaker before the resolver's host: while it is open, users land on the fallback at once instead of waiting for the timeout.
 * @param onChange called with each new state; must not throw
 * @param openMs how long it stays open, in milliseconds
 */
export function withBreaker(
  host: Host,
  onChange: (state: BreakerState) => void,
  openMs?: number,
): { host: Host; state: () => BreakerState } {
  const reason = `left alone after ${FAILURES_IN_A_ROW} failures in a row`
  const { run, state } = createBreaker<Exchange>({
    failures: FAILURES_IN_A_ROW,
    openMs,
    classify,
    refuse: () => ({ kind: 'failed', begun: false, cause: 'local', reason }),
    onChange,
  })
  return { host: { send: (request) => run(() => host.send(request)), destroy: host.destroy }, state }
}

function classify(exchange: Exchange): CallResult {
  // An aborted call counts, since the resolver's timeout aborts it.
  if (exchange.kind === 'failed') return exchange.cause === 'local' ? 'ignored' : 'failure'
  // Without a body, the answer broke off, was too slow or too large.
  return exchange.status >= 500 || exchange.body === undefined ? 'failure' : 'success'
}
