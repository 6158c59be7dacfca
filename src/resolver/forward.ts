import { parseStrictJson } from '../base/strict-json.ts'
import { clickToJson, type ActionRequest, type Click } from '../click/click.ts'
import { createBreaker, type BreakerState, type CallResult } from '../outbound/breaker.ts'
import type { Exchange } from '../outbound/exchange.ts'
import type { Host } from '../outbound/host.ts'
import { ResolverError, type Unchecked } from './resolver.ts'

const MAX_ANSWER_BYTES = 64 * 1024

type ForwardOptions = { url: URL; secret: string; timeoutMs: number; host: Host }

/** Calls the operator's service at RESOLVER_URL, which answers a Landing. */
export function forwardResolver(options: ForwardOptions): Unchecked<Click> {
  return forwardTo('RESOLVER_URL', 'forward click', options)
}

/** Calls the operator's service at ACTION_URL, which answers a dynamic action. */
export function forwardAction(options: ForwardOptions): Unchecked<ActionRequest> {
  return forwardTo('ACTION_URL', 'forward action', options)
}

/** POSTs the Click as JSON, expects 200 and JSON. Redirects are not followed: their target was not configured. */
function forwardTo(variable: string, span: string, { url, secret, timeoutMs, host }: ForwardOptions): Unchecked<Click> {
  return async (click, { controller, trace }) => {
    const exchange = await host.send({
      path: url.pathname + url.search,
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${secret}` },
      body: JSON.stringify(clickToJson(click)),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal: controller.signal,
      traced: { as: span, trace },
    })
    if (exchange.kind === 'failed') throw new ResolverError(`${variable} did not answer: ${exchange.reason}`)
    if (exchange.status !== 200) throw new ResolverError(`${variable} answered ${exchange.status}, expected 200`)
    return readJson(variable, exchange.body)
  }
}

function readJson(variable: string, body: Buffer | undefined): unknown {
  if (body === undefined) throw new ResolverError(`${variable}'s answer broke off or passed ${MAX_ANSWER_BYTES} bytes`)
  try {
    return parseStrictJson(body)
  } catch (cause) {
    throw new ResolverError(`${variable} answered no well-formed JSON`, cause)
  }
}

const FAILURES_IN_A_ROW = 5

/**
 * Puts a breaker before the host of the operator's service: while it is open, users get the fallback at once instead of waiting for the timeout.
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
