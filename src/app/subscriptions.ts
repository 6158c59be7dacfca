import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { Config } from '../config/config.ts'
import type { GrantCodec } from '../consent/grant.ts'
import type { Logger } from '../observability/log.ts'
import { Counter } from '../observability/metrics.ts'
import type { Store } from '../store/store.ts'
import type { SubscriptionState } from '../store/subscription-store.ts'
import { createSubscriptionMaintenance } from '../subscriptions/maintenance.ts'
import { createRegisterClaimed } from '../subscriptions/register-claimed.ts'
import { Renewer } from '../subscriptions/renewer.ts'
import { createSubscriptionCodec } from '../subscriptions/subscription.ts'
import { createSubscriptions, type Subscriptions } from '../subscriptions/subscriptions.ts'
import type { Consent } from './consent.ts'
import type { Divar } from './upstreams.ts'

/** A registration may wait for the refresh of its grant, here or in another gateway, and takes a call of its own. */
const CALLS = 4
/** Beyond these calls: for the commits around them. */
const LEASE_MARGIN_MS = 30_000

export type SubscriptionMetrics = {
  registrations: Counter
  /** By state at the last count; undefined while the store is unavailable. */
  subscriptions: Record<SubscriptionState, number> | undefined
}

/** The subscriptions of a gateway with a store. */
export type SubscriptionParts = {
  /** Undefined without consent. */
  subscriptions: Subscriptions | undefined
  metrics: SubscriptionMetrics
  /** Ends the subscriptions of a user; resolves to how many there were. */
  erase: (userId: string) => Promise<number>
  count: () => Promise<void>
  start: () => void
  /** Begins no registration; resolves once the running ones are committed. */
  drain: () => Promise<void>
  close: () => Promise<void>
}

type Parts = {
  store: Store
  keyring: Keyring
  codec: GrantCodec
  consent: Consent | undefined
  divar: Divar
  onResealed: (rows: number) => Promise<void>
  log: Logger
}

/** Without consent, subscriptions of earlier are only kept readable under today's keys. */
export function openSubscriptions({ divarTimeoutMs }: Config, parts: Parts): SubscriptionParts {
  const { store, consent, divar, onResealed, log } = parts
  const codec = createSubscriptionCodec(parts.keyring, parts.codec)
  const metrics: SubscriptionMetrics = { registrations: new Counter('outcome'), subscriptions: undefined }
  for (const outcome of ['registered', 'not_permitted', 'not_refreshed']) metrics.registrations.init(outcome)
  const maintenance = createSubscriptionMaintenance({ store, codec, metrics, onResealed, log })
  const renewer =
    consent &&
    new Renewer({
      store,
      registerClaimed: createRegisterClaimed({
        grants: consent.grants,
        codec,
        subscribe: divar.subscribe,
        random: Math.random,
        registrations: metrics.registrations,
        log,
      }),
      owner: newId('gw'),
      leaseMs: CALLS * divarTimeoutMs + LEASE_MARGIN_MS,
      log,
    })
  return {
    subscriptions: renewer && createSubscriptions({ store, codec, onPut: renewer.wake, log }),
    metrics,
    erase: (userId) => store.eraseSubscriptions(codec.userMacs(userId)),
    count: maintenance.count,
    start: () => {
      maintenance.start()
      renewer?.start()
    },
    drain: async () => {
      await Promise.all([renewer?.drain(), maintenance.stop()])
    },
    close: async () => {
      await Promise.all([renewer?.stop(), maintenance.stop()])
    },
  }
}
