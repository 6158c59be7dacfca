import { Webhook } from 'standardwebhooks'
import { newId } from '../base/id.ts'
import type { Trace } from '../observability/trace.ts'
import type { Outcome } from '../divar/outcome.ts'
import { readRetryAfter } from '../divar/read-answer.ts'
import type { Host } from '../outbound/host.ts'
import type { AttemptEnd, FinalState, NewMessage } from '../store/store.ts'
import type { Sealer } from './payload.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

export type NoticeOptions = {
  sealer: Sealer
  /** How long a notice is tried, in milliseconds. */
  tryForMs: number
}

/** How a message ended, for the company's own service. No text, no id of a person. */
export type Ended = {
  id: string
  caller: string
  state: FinalState
  /** Attempts begun. */
  attempts: number
  last: AttemptEnd | undefined
  requestId: string
}

/** Makes the notice of one final state: a message of its own, to the webhook, owed like any other. */
export function createNotices({ sealer, tryForMs }: NoticeOptions) {
  return (ended: Ended): NewMessage => {
    const id = newId('evt')
    return {
      id,
      caller: ended.caller,
      wire: 'webhook',
      // Notices of one message arrive in order: a message that was retried ends twice.
      conversations: sealer.noticeConversations(ended.id),
      atLeastOnce: true,
      body: sealer.seal('body', id, writeNotice(ended)),
      tryForMs,
      requestId: ended.requestId,
    }
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

export type WebhookOptions = { url: URL; secret: string; host: Host; userAgent: string }

/** Delivers a notice once, signed as Standard Webhooks says. Any 2xx takes it; anything else, and it comes again. */
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
