import { Webhook } from 'standardwebhooks'
import { newId } from '../base/id.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import type { Trace } from '../observability/trace.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Host } from '../outbound/host.ts'
import type { AttemptEnd, FinalState, NewMessage } from '../store/store.ts'
import type { Sealer } from './payload.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

/** How a message ended, for the operator's own service. Contains no text and no user id. */
export type Ended = {
  id: string
  caller: string
  state: FinalState
  /** Number of attempts begun. */
  attempts: number
  last: AttemptEnd | undefined
  requestId: string
}

/** Makes the notice of a final state: a message to the status webhook, queued like any other, and retried for `tryForMs` milliseconds. */
export function createNotices(sealer: Sealer, tryForMs: number) {
  return (ended: Ended): NewMessage => {
    const { caller, requestId } = ended
    const id = newId('evt')
    const body = sealer.seal('body', id, writeNotice(ended))
    // In order for each message: one that is retried by its caller ends twice.
    const conversations = sealer.noticeConversations(ended.id)
    return { id, caller, wire: 'webhook', conversations, atLeastOnce: true, body, tryForMs, requestId }
  }
}

function writeNotice({ id, caller, state, attempts, last }: Ended): string {
  return JSON.stringify({
    type: `message.${state}`,
    timestamp: new Date().toISOString(),
    data: {
      id,
      caller,
      state,
      attempts,
      last_attempt: last
        ? { outcome: last.outcome, status: last.status ?? null, code: last.code ?? null, reason: last.reason ?? null }
        : null,
    },
  })
}

type WebhookOptions = { url: URL; secret: string; host: Host; userAgent: string }

/** Delivers a notice once, signed by Standard Webhooks. Any 2xx accepts it; after anything else it is retried. */
export function createWebhook({ url, secret, host, userAgent }: WebhookOptions) {
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
      traced: { as: 'deliver notice', trace },
    })
    if (exchange.kind === 'failed') {
      const { begun, cause, reason } = exchange
      return { kind: begun ? 'unknown' : 'not_sent', cause, reason }
    }
    if (exchange.status >= 200 && exchange.status < 300) return { kind: 'delivered', status: exchange.status }
    const retryAfterSeconds = readRetryAfter(exchange.headers['retry-after'])
    return {
      kind: 'platform_error',
      divar: { status: exchange.status },
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    }
  }
}
