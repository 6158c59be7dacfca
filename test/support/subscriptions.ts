import supertest, { type Test } from 'supertest'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { startConsentDivar, withConsent } from './consent.ts'
import { KEYS } from './gateway.ts'
import { eventually, startOn, type DatabaseKind, type Reachable } from './outbox.ts'

const OTHER = 'billing-key-0123456789'
export const BILLING_KEY = OTHER

/** Two callers that may subscribe. */
export const MAY_SUBSCRIBE: Environment = {
  INTERNAL_API_KEYS: `orders:${KEYS.caller},billing:${OTHER}`,
  CALLER_PERMISSIONS: 'orders=platform,consents,operate;billing=platform',
}

export const DIVARS_PATH = '/v1/open-platform/events/subscriptions'

const shown = z.strictObject({
  id: z.string().regex(/^sub_[\w-]{24}$/),
  state: z.enum(['active', 'waiting', 'failed']),
  user_id: z.string(),
  event_type: z.string(),
  post_token: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  created_at: z.iso.datetime({ precision: 3 }),
  next_attempt_at: z.iso.datetime({ precision: 3 }).nullable(),
  consent_url: z.string().optional(),
  error: z.looseObject({ code: z.string() }).optional(),
})
type Shown = z.infer<typeof shown>
const page = z.strictObject({ subscriptions: z.array(shown), next_cursor: z.string().nullable() })

export function call(
  { internalUrl }: Reachable,
  method: 'get' | 'put' | 'post' | 'delete',
  path: string,
  body?: string | object,
  headers: Record<string, string> = {},
): Test {
  const test = supertest(internalUrl)[method](path).set('x-api-key', KEYS.caller)
  if (body !== undefined) void test.set('content-type', 'application/json')
  void test.set(headers)
  return body === undefined ? test : test.send(typeof body === 'string' ? body : JSON.stringify(body))
}

export async function putSubscription(gateway: Reachable, body: object, key: string = KEYS.caller): Promise<Shown> {
  const { text } = await call(gateway, 'put', '/subscriptions', body, { 'x-api-key': key }).expect(200)
  return shown.parse(JSON.parse(text))
}

export async function listSubscriptions(gateway: Reachable, query = '', key: string = KEYS.caller) {
  const { text } = await call(gateway, 'get', `/subscriptions${query}`, undefined, { 'x-api-key': key }).expect(200)
  return page.parse(JSON.parse(text))
}

/** Waits until the subscription is in this state. */
export function untilSubscription(gateway: Reachable, id: string, state: Shown['state']): Promise<Shown> {
  return eventually(async () => {
    const { subscriptions } = await listSubscriptions(gateway)
    return subscriptions.find((one) => one.id === id && one.state === state)
  }, `${id} ${state}`)
}

/** A gateway with consent, whose callers may subscribe, and its Divar, whose clock a test can move ahead. */
export async function startSubscribing(more: Environment = {}, on: DatabaseKind = 'sqlite') {
  const { divar, pass } = await startConsentDivar()
  const environment = { ...(await withConsent(divar.url, { on })), ...MAY_SUBSCRIBE, ...more }
  const gateway = await startOn(environment)
  divar.conversation.change({ eventsUrl: `${gateway.url}/divar/events` })
  const { people, post } = divar.world
  const wanted = { user_id: people.seller.v2Id, event_type: 'NEW_MESSAGE_ON_POST', post_token: post.token }
  return { divar, pass, environment, gateway, wanted }
}

/** The subscriptions that arrived at Divar, with the token of each. */
export function registrationsAt({ received }: Pick<Simulator, 'received'>) {
  return received
    .filter(({ path }) => path === DIVARS_PATH)
    .map(({ body, headers }) => ({ body: z.record(z.string(), z.unknown()).parse(JSON.parse(body)), headers }))
}

/** Somebody writes in the chat of the simulator. */
export async function say({ url }: Pick<Simulator, 'url'>, text: string): Promise<void> {
  await fetch(`${url}/simulator/messages`, { method: 'POST', body: JSON.stringify({ side: 'buyer', text }) })
}
