import { newId } from '../base/id.ts'
import type { AttemptEnd, FinalState, NewMessage } from '../store/store.ts'
import type { Sealer } from './payload.ts'
import { createSignedWebhook, type WebhookOptions } from './signed-webhook.ts'
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
