import * as z from 'zod'
import type { Grants } from './grants.ts'
import { answerJson, readTokens, refuse, type Handled, type Received } from './http.ts'
import { readScope } from './scopes.ts'
import { judgeShape, judgeUserToken, readBody, type Refusal } from './send-checks.ts'
import type { SendDeps } from './send.ts'
import type { Side } from './shown.ts'
import type { World } from './world.ts'

const PATH = '/v1/open-platform/events/subscriptions'
const MAX_KEPT = 1000

export type Subscription = {
  side: Side
  event_type: 'NEW_MESSAGE_ON_POST' | 'POST_UPDATE'
  event_resource_id?: string | undefined
  metadata?: Record<string, unknown> | undefined
}

/** The events that the app has subscribed to. A subscription ends with the access token that it was made with. */
export class Subscriptions {
  readonly #kept = new Map<string, Subscription & { token: string }>()
  readonly #grants: Grants

  constructor(grants: Grants) {
    this.#grants = grants
  }

  /** The same subscription with another token replaces the former one. */
  add(subscription: Subscription, token: string): void {
    const key = JSON.stringify(subscription)
    this.#kept.delete(key)
    this.#kept.set(key, { ...subscription, token })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }

  /** Those whose token is still good. */
  list(): Subscription[] {
    for (const [key, { token }] of this.#kept) {
      const found = this.#grants.find(token)
      if (found === undefined || found === 'expired') this.#kept.delete(key)
    }
    return [...this.#kept.values()].map(({ token: _, ...subscription }) => subscription)
  }

  /** Those to this type of event about this post. */
  about(type: Subscription['event_type'], { post }: World): Subscription[] {
    return this.list().filter(
      ({ event_type, event_resource_id = post.token }) => event_type === type && event_resource_id === post.token,
    )
  }
}

const shape = z.looseObject({
  event_type: z.enum(['NEW_MESSAGE_ON_POST', 'POST_UPDATE']),
  event_resource_id: z.string().min(1).max(64).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
})

/** Checks a request for a subscription. */
export function handleSubscription(
  received: Received,
  { world, grants, apiKey, checks, subscriptions }: SendDeps & { subscriptions: Subscriptions },
): Handled | undefined {
  if (received.method !== 'POST' || received.path.split('?')[0] !== PATH) return undefined
  const { bearer, plain } = readTokens(received.headers)
  const token = bearer ?? plain ?? ''
  const sent = readBody(received, { token, needsToken: true }, apiKey)
  const refused = ({ answer, why }: Refusal): Handled => ({
    answer,
    entry: { kind: 'subscription', outcome: 'refused', notes: [why] },
  })
  if ('why' in sent) return refused(sent)
  const { data: wanted, error } = shape.safeParse(sent.body)
  if (wanted === undefined) {
    const errors = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    return refused(judgeShape(errors)[0] ?? { answer: refuse(400, 3, 'invalid argument'), why: 'An invalid body.' })
  }
  const found = grants.find(token)
  const side = found === undefined || found === 'expired' ? 'seller' : found.side
  const { event_type, event_resource_id, metadata } = wanted
  const refusals = [
    ...judgeUserToken(token, grants),
    ...judgeScope({ side, event_type, event_resource_id }, found, world),
  ]
  const [first] = refusals
  if (first !== undefined && checks === 'strict') return refused(first)
  subscriptions.add({ side, event_type, event_resource_id, metadata }, token)
  const notes = refusals.map(({ why }) => `Divar would have refused this: ${why}`)
  return { answer: answerJson({}), entry: { kind: 'subscription', side, outcome: 'ok', notes } }
}

/** The scope has to cover the post, and the post is the seller's. */
function judgeScope(
  { side, event_type, event_resource_id: wanted }: Subscription,
  found: ReturnType<Grants['find']>,
  { post }: World,
): Refusal[] {
  if (found === undefined || found === 'expired') return []
  const scopes = found.scopes.map(readScope)
  const covers =
    event_type === 'POST_UPDATE'
      ? scopes.some((scope) => scope?.name === 'USER_POSTS_GET')
      : scopes.some(
          (scope) =>
            scope?.name === 'CHAT_SUPPLIER_ALL_CONVERSATIONS_READ' ||
            (scope?.name === 'CHAT_POST_CONVERSATIONS_READ' && scope.resource === wanted),
        )
  const denied = refuse(403, 7, 'permission denied')
  if (!covers) return [{ answer: denied, why: 'No scope of the token covers this subscription.' }]
  return side === 'seller' && (wanted ?? post.token) === post.token
    ? []
    : [{ answer: denied, why: 'The post is not one of the user of the token.' }]
}
