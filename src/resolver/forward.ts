import { clickToJson } from '../click/click.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import type { Host } from '../outbound/host.ts'
import { ResolverError, type UncheckedResolver } from './resolver.ts'

const MAX_ANSWER_BYTES = 64 * 1024

export type ForwardOptions = { url: URL; secret: string; timeoutMs: number; host: Host }

/**
 * Asks a service of the operator's: POSTs the Click as JSON, expects 200 and a Landing. Redirects are not followed, since the answer
 * of whoever they lead to is not the operator's word.
 */
export function forwardResolver({ url, secret, timeoutMs, host }: ForwardOptions): UncheckedResolver {
  return async (click, { signal, trace }) => {
    const exchange = await host.send({
      path: url.pathname + url.search,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${secret}`,
      },
      body: JSON.stringify(clickToJson(click)),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
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
