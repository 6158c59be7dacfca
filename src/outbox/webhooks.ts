import { Webhook } from 'standardwebhooks'
import { newId } from '../base/id.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Trace } from '../observability/trace.ts'
import type { Host } from '../outbound/host.ts'
import type { AttemptEnd, FinalState, NewMessage } from '../store/store.ts'
import type { Sealer } from './payload.ts'
import type { DeliveryTarget } from './worker.ts'

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

export type CreateNotice = ReturnType<typeof createNotices>

/** Notes a notice that was stored, in the timeline of the message's conversation. */
export type NoteNotice = (conversation: string, id: string, state: string) => void

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

/** Delivers a notice once. Any 2xx accepts it; after anything else it is retried. */
export function createWebhook(options: WebhookOptions): DeliveryTarget['deliver'] {
  return createSignedWebhook(options, { as: 'deliver notice' })
}

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

export type WebhookOptions = {
  url: URL
  /** Each signs every body: two while one rotates, so that the receiver may know either. */
  secrets: readonly [string, ...string[]]
  host: Host
  userAgent: string
}

/** Names the span of the call. `isFinal`: which statuses refuse the body for good; by default none. */
type Kind = { as: string; isFinal?: (status: number) => boolean }

/**
 * Posts a body to one of the company's own services, signed by Standard Webhooks, with `id` as its `webhook-id`. Any 2xx accepts it; anything
 * else that is not final is retried.
 */
export function createSignedWebhook(
  { url, secrets, host, userAgent }: WebhookOptions,
  { as, isFinal = () => false }: Kind,
) {
  const webhooks = secrets.map((secret) => new Webhook(secret))
  return async (id: string, body: string, trace: Trace): Promise<Outcome> => {
    const now = new Date()
    const exchange = await host.send({
      path: url.pathname + url.search,
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': webhooks.map((webhook) => webhook.sign(id, now, body)).join(' '),
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
