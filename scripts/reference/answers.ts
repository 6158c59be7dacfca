import * as z from 'zod'
import { SUBSCRIBED_EVENTS } from '../../src/divar/subscribe.ts'
import { SUBSCRIPTION_STATES } from '../../src/store/subscription-store.ts'
import { PERMISSIONS } from '../../src/access/authentication.ts'
import { faultStatus } from '../../src/base/fault.ts'
import { MESSAGE_STATES } from '../../src/store/store.ts'
import { attention, timeline } from './operator-answers.ts'

/** Schemas of responses. A test checks real responses of every route against them. */

const idOf = (kind: string) => z.string().regex(new RegExp(`^${kind}_[A-Za-z0-9_-]{24}$`))
const time = z.iso.datetime()
const cursor = z.string().nullable()
const object = z.record(z.string(), z.unknown())

const landing = z.strictObject({ status: z.literal('200'), message: z.string(), url: z.string() })
/** `status` is the HTTP status as text. */
const divarRefusal = z.strictObject({ status: z.string().regex(/^[45]\d\d$/), message: z.string() })
/** The three keys of session initialization. */
const sessionRefusal = divarRefusal.extend({ url: z.literal('') })

/** What a dynamic action does. */
const actionAnswer = z.strictObject({
  action: z
    .union([
      z.strictObject({ open_direct_link: z.string() }),
      z.strictObject({ open_server_link: z.strictObject({ data: z.record(z.string(), z.unknown()) }) }),
    ])
    .optional(),
  text_message: z.string().min(1).max(1000).optional(),
})

const taken = z.strictObject({})

const delivered = z.strictObject({
  status: z.literal(200),
  message: z.literal('success'),
  id: idOf('msg'),
  conversation_id: z.string().optional(),
})
/** A message, or an event of Divar's that an operator looks at. */
const storedId = z.string().regex(/^(?:msg|dve)_[A-Za-z0-9_-]{24}$/)
const queued = z.strictObject({ id: storedId, state: z.literal('queued') })
/** JSON pointers to the members of the body that were not read. */
const ignored = z.array(z.string()).optional()
const checked = z.strictObject({
  ignored: z.array(z.string()),
  did_you_mean: z.record(z.string(), z.string()).optional(),
})
const cancelled = z.strictObject({ id: idOf('msg'), state: z.enum(['cancelled', 'unknown']) })

const attempt = z.strictObject({
  number: z.int().min(1),
  at: time,
  ended_at: time.nullable(),
  outcome: z.string().nullable(),
  status: z.int().nullable(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
})
const message = z.strictObject({
  id: storedId,
  caller: z.string(),
  state: z.enum(MESSAGE_STATES),
  wire: z.enum(['v1', 'v2', 'bot', 'event']),
  created_at: time,
  finished_at: time.nullable(),
  next_attempt_at: time.nullable(),
  not_before: time.optional(),
  expires_at: time.optional(),
  wiped: z.boolean(),
  conversation_id: z.string().optional(),
  last_error: attempt.nullable(),
  attempts: z.array(attempt),
})
const messages = z.strictObject({ messages: z.array(message), next_cursor: cursor })
const bulkDone = z.strictObject({
  matched: z.int().min(0),
  changed: z.int().min(0),
  skipped: z.strictObject({ wiped: z.int().min(0), wrong_state: z.int().min(0) }),
  left: z.int().min(0),
  until: time,
})

const divarError = z.strictObject({
  status: z.int(),
  code: z.union([z.number(), z.string()]).optional(),
  message: z.string().optional(),
})

const click = z.strictObject({
  id: idOf('clk'),
  wire: z.enum(['v1', 'v2']),
  /** Of a dynamic action. */
  touchpoint: z.string().optional(),
  source: z.string().optional(),
  post_token: z.string().optional(),
  conversation_id: z.string().optional(),
  user_id: z.string().optional(),
  peer_id: z.string().optional(),
  supplier_id: z.string().optional(),
  demand_id: z.string().optional(),
  side: z.enum(['supply', 'demand']).optional(),
  data: object,
  location: z.strictObject({ latitude: z.number(), longitude: z.number() }).optional(),
  return_url: z.string(),
  extra: object,
})

const consent = z.strictObject({ id: idOf('cns'), url: z.string(), expires_at: time })
const grant = z.strictObject({
  id: idOf('grt'),
  user_id: z.string().nullable(),
  proven: z.boolean(),
  scopes: z.array(z.string()),
  created_at: time,
  refreshed_at: time,
  access_expires_at: time,
  expires_at: time,
})
const grants = z.strictObject({ grants: z.array(grant), next_cursor: cursor })
const subscription = z.strictObject({
  id: idOf('sub'),
  state: z.enum(SUBSCRIPTION_STATES),
  user_id: z.string(),
  event_type: z.enum(SUBSCRIBED_EVENTS),
  post_token: z.string().optional(),
  metadata: object.optional(),
  created_at: time,
  /** Null while nothing is planned. */
  next_attempt_at: time.nullable(),
  consent_url: z.string().optional(),
  /** Why the last registration failed. */
  error: z.strictObject({ code: z.string(), divar: divarError.optional() }).optional(),
})
const subscriptions = z.strictObject({ subscriptions: z.array(subscription), next_cursor: cursor })
const subscriptionEnded = z.strictObject({ id: idOf('sub'), note: z.string() })
const erased = z.strictObject({
  grants: z.int().min(0),
  subscriptions: z.int().min(0),
  consents: z.int().min(0),
  messages: z.int().min(0),
  texts: z.int().min(0),
  events: z.int().min(0),
  unreadable: z.int().min(0),
  left: z.boolean(),
})
const user = z.strictObject({ user_id: z.string(), phone_number: z.string().optional() })

const alive = z.strictObject({ status: z.literal('ok') })
const ready = z.strictObject({ status: z.literal('ready'), store: z.enum(['ok', 'away']).optional() })
const notReady = z.strictObject({ status: z.literal('draining') })

const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(faultStatus)),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  id: idOf('msg').optional(),
  outcome: z.string().optional(),
  retryable: z.boolean().optional(),
  divar: divarError.optional(),
  consent_url: z.string().optional(),
  grant_id: idOf('grt').optional(),
  subscription_id: idOf('sub').optional(),
  permission: z.enum(PERMISSIONS).optional(),
  state: z.enum(MESSAGE_STATES).optional(),
})

/** Errors on the platform's own paths: the platform's format around the problem document. */
const platformError = z.strictObject({
  code: z.int(),
  message: z.string(),
  details: z.array(problem.extend({ '@type': z.literal('kenar/problem') })).length(1),
})

export const answers = {
  Landing: landing,
  SessionRefusal: sessionRefusal,
  ActionAnswer: actionAnswer,
  DivarRefusal: divarRefusal,
  EventTaken: taken,
  Delivered: delivered,
  DeliveredByMessages: delivered.extend({ ignored }),
  Queued: queued,
  QueuedByMessages: queued.extend({ ignored }),
  Checked: checked,
  Cancelled: cancelled,
  Attempt: attempt,
  Message: message,
  Messages: messages,
  BulkDone: bulkDone,
  Attention: attention,
  Timeline: timeline,
  Click: click,
  Consent: consent,
  Grant: grant,
  Grants: grants,
  Subscription: subscription,
  Subscriptions: subscriptions,
  SubscriptionEnded: subscriptionEnded,
  User: user,
  ErasedUser: erased,
  Alive: alive,
  Ready: ready,
  NotReady: notReady,
  Problem: problem,
  PlatformError: platformError,
}
