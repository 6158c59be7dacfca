import * as z from 'zod'
import { SealError, type Keyring } from '../base/keyring.ts'
import { canonicalJson, type JsonObject } from '../base/strict-json.ts'
import type { Covering, GrantCodec } from '../consent/grant.ts'
import { SUBSCRIBED_EVENTS, type Registration } from '../divar/subscribe.ts'
import { readScope } from '../scope/scope.ts'
import type { Sealed } from '../store/store.ts'
import type { SubscriptionNames } from '../store/subscription-store.ts'

/** A subscription that a service wants, for a user of the app. */
export type Wanted = Registration & { userId: string }

/** Why the last registration failed. `code` is the outcome; `divar` is Divar's answer, if there was one. */
export type Failure = z.infer<typeof failureSchema>

const failureSchema = z.object({
  code: z.string(),
  divar: z
    .object({
      status: z.number(),
      code: z.union([z.number(), z.string()]).optional(),
      message: z.string().optional(),
    })
    .optional(),
})

/** What is stored sealed. `caller` and `kind` bind it to its row. */
const contentSchema = z.object({
  kind: z.literal('subscription'),
  caller: z.string(),
  user_id: z.string(),
  event_type: z.enum(SUBSCRIBED_EVENTS),
  post_token: z.string().optional(),
  metadata: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null).optional(),
  failure: failureSchema.optional(),
})

/** The names of the scopes that allow a subscription, the narrowest first; `.` and `__` are the two notations of a resource. */
export function scopesOf({ eventType, postToken }: Registration, separator: '.' | '__'): [string, ...string[]] {
  if (eventType === 'POST_UPDATE') return ['USER_POSTS_GET']
  const all = 'CHAT_SUPPLIER_ALL_CONVERSATIONS_READ'
  return postToken === undefined ? [all] : [`CHAT_POST_CONVERSATIONS_READ${separator}${postToken}`, all]
}

/** The scopes in both notations, of which a grant of the user must have one. */
export function coveringOf(wanted: Wanted): Covering[] {
  const texts = new Set([...scopesOf(wanted, '.'), ...scopesOf(wanted, '__')])
  return Array.from(texts, (text) => ({ scope: readScope(text), userId: wanted.userId }))
}

type Row = { id: string; caller: string; content: Sealed }

/** Seals and opens subscriptions, and computes the MACs by which they are found. */
export type SubscriptionCodec = ReturnType<typeof createSubscriptionCodec>

export function createSubscriptionCodec(keyring: Keyring, { names }: Pick<GrantCodec, 'names'>) {
  const place = (id: string) => `subscription/${id}/content`
  return {
    primary: keyring.primary,
    seal: (id: string, caller: string, wanted: Wanted, failure?: Failure): Sealed => {
      const { userId: user_id, eventType: event_type, postToken: post_token, metadata } = wanted
      const content = { kind: 'subscription', caller, user_id, event_type, post_token, metadata, failure }
      return keyring.seal(JSON.stringify(content), place(id))
    },
    /** @throws SealError; also for the content of a newer version, which may be left after a roll back */
    open: ({ id, caller, content }: Row): { wanted: Wanted; failure: Failure | undefined } => {
      const opened = contentSchema.safeParse(JSON.parse(keyring.open(content, place(id)))).data
      if (opened === undefined) throw new SealError('sealed by another version')
      if (opened.caller !== caller) throw new SealError('altered, or sealed for another row')
      const { user_id: userId, event_type: eventType, post_token: postToken, metadata, failure } = opened
      return { wanted: { userId, eventType, postToken, metadata }, failure }
    },
    /** Equal for the same subscription of the same caller. */
    macs: (caller: string, { userId, eventType, postToken, metadata }: Wanted) =>
      keyring.macs('subscription', canonicalJson([caller, userId, eventType, postToken ?? null, metadata ?? null])),
    names: (wanted: Wanted): SubscriptionNames => [
      { kind: 'user', macs: names.user(wanted.userId) },
      ...coveringOf(wanted).map(({ scope }) => ({ kind: 'owned' as const, macs: names.owned(wanted.userId, scope) })),
    ],
    userMacs: names.user,
  }
}
