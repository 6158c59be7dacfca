import type { ServerResponse } from 'node:http'
import { handleBotSend } from './bot-send.ts'
import type { Conversation } from './conversation.ts'
import { misbehaviourOf, perform, takesEffect, write, type Misbehaviour } from './faults.ts'
import type { Grants } from './grants.ts'
import type { Received } from './http.ts'
import { noteExchange } from './noted.ts'
import { handleOperation } from './operations.ts'
import { refuseUnsupported } from './platform-routes.ts'
import { handleSend } from './send.ts'
import { handleSubscription, type Subscriptions } from './subscriptions.ts'

const MAX_REMEMBERED = 10_000

export type PlatformApiOptions = {
  apiKey: string
  checks?: 'strict' | 'note'
  decide?: (received: Received) => Misbehaviour | undefined
  onSend?: (received: Received, status: number) => void
}

/** The platform's API for apps, but for tokens and users. */
export class PlatformApi {
  /** POSTs, and requests to unknown routes. */
  readonly received: Received[] = []
  readonly misbehaviours: Misbehaviour[] = []
  readonly #conversation: Conversation
  readonly #grants: Grants
  readonly #subscriptions: Subscriptions
  readonly #options: PlatformApiOptions

  constructor(conversation: Conversation, grants: Grants, subscriptions: Subscriptions, options: PlatformApiOptions) {
    this.#subscriptions = subscriptions
    this.#conversation = conversation
    this.#grants = grants
    this.#options = options
  }

  answer(received: Received, origin: string, response: ServerResponse): void {
    const { apiKey, checks = 'note', decide, onSend } = this.#options
    const { world, faults } = this.#conversation
    if (received.method === 'POST') this.received.push(received)
    if (this.received.length > MAX_REMEMBERED) this.received.shift()
    const deps = { world, grants: this.#grants, apiKey, checks, subscriptions: this.#subscriptions }
    const sent = handleSend(received, deps) ?? handleBotSend(received, deps)
    const handled = sent ?? handleSubscription(received, deps) ?? handleOperation(received, deps)
    if (handled === undefined) {
      const { answer, why } = refuseUnsupported(new URL(received.path, origin).pathname)
      onSend?.(received, answer.status)
      const entry = { kind: 'other' as const, outcome: 'refused' as const, notes: [why] }
      noteExchange(this.#conversation, received, origin, { ...entry, answer })
      write(answer, response)
      return
    }
    const { answer } = handled
    const next = this.misbehaviours.shift() ?? decide?.(received) ?? misbehaviourOf(faults.take('send'))
    onSend?.(received, next === undefined || takesEffect(next) ? answer.status : 'status' in next ? next.status : 0)
    const isTaken = answer.status === 200 && (next === undefined || takesEffect(next))
    if (isTaken && sent?.message) this.#conversation.say(sent.message)
    noteExchange(this.#conversation, received, origin, { ...handled.entry, answer, misbehaviour: next })
    perform(answer, next, response)
  }
}
