import { Webhook } from 'standardwebhooks'
import { readRetryAfter } from '../base/rate-limit.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Trace } from '../observability/trace.ts'
import type { Host } from '../outbound/host.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

export type WebhookOptions = { url: URL; secret: string; host: Host; userAgent: string }

/** Names the span of the call. `isFinal`: which statuses refuse the body for good; by default none. */
type Kind = { as: string; isFinal?: (status: number) => boolean }

/**
 * Posts a body to one of the company's own services, signed by Standard Webhooks, with `id` as its `webhook-id`. Any 2xx accepts it; anything
 * else that is not final is retried.
 */
export function createSignedWebhook(
  { url, secret, host, userAgent }: WebhookOptions,
  { as, isFinal = () => false }: Kind,
) {
  const webhook = new Webhook(secret)
  return async (id: string, body: string, trace: Trace): Promise<Outcome> => {
    const now = new Date()
    const exchange = await host.send({
      path: url.pathname + url.search,
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': webhook.sign(id, now, body),
      },
      body,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as, trace },
    })
    if (exchange.kind === 'failed') {
      const { begun, cause, reason } = exchange
      return { kind: begun ? 'unknown' : 'not_sent', cause, reason }
    }
    const { status, headers } = exchange
    if (status >= 200 && status < 300) return { kind: 'delivered', status }
    if (isFinal(status)) return { kind: 'rejected', divar: { status } }
    const retryAfterSeconds = readRetryAfter(headers['retry-after'])
    return {
      kind: 'platform_error',
      divar: { status },
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    }
  }
}
