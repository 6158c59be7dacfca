import { newId } from '../base/id.ts'
import { Fault } from '../base/fault.ts'
import { writeCursor } from '../http/request.ts'
import type { Logger } from '../observability/log.ts'
import { openOrLog } from '../store/store-faults.ts'
import type { StoredSubscription, SubscriptionState, SubscriptionStore } from '../store/subscription-store.ts'
import type { Failure, SubscriptionCodec, Wanted } from './subscription.ts'

export const MAX_PER_CALLER = 1000

/** A subscription as its caller sees it. */
export type ShownSubscription = Omit<StoredSubscription, 'content' | 'caller'> & {
  wanted: Wanted
  failure: Failure | undefined
}

type OperatorFilter = {
  caller?: string | undefined
  state?: SubscriptionState | undefined
  cursor?: number | undefined
  limit: number
}

type SubscriptionsOptions = {
  store: Pick<SubscriptionStore, 'putSubscription' | 'listSubscriptions' | 'deleteSubscription'>
  codec: SubscriptionCodec
  /** Called after a subscription was put, which may be due. */
  onPut: () => void
  log: Logger
}

/** The subscriptions that callers want. Every method may throw StoreError. */
export type Subscriptions = ReturnType<typeof createSubscriptions>

export function createSubscriptions({ store, codec, onPut, log }: SubscriptionsOptions) {
  const show = (stored: StoredSubscription): ShownSubscription => {
    const { content: _, caller: __, ...row } = stored
    return { ...row, ...codec.open(stored) }
  }

  return {
    /**
     * Keeps a subscription; the same one twice is one.
     * @throws Fault `too_many_subscriptions`; SealError
     */
    put: async (caller: string, wanted: Wanted): Promise<ShownSubscription> => {
      const id = newId('sub')
      const stored = await store.putSubscription({
        id,
        caller,
        macs: codec.macs(caller, wanted),
        content: codec.seal(id, caller, wanted),
        names: codec.names(wanted),
        max: MAX_PER_CALLER,
      })
      if (stored === undefined) {
        throw new Fault(
          'too_many_subscriptions',
          `This caller has ${MAX_PER_CALLER} subscriptions, which is the limit. DELETE /subscriptions/<id> ends one.`,
        )
      }
      onPut()
      return show(stored)
    },

    /** One that cannot be opened is logged and left out. */
    list: async (
      caller: string,
      page: { state?: SubscriptionState | undefined; cursor?: number | undefined; limit: number },
    ) => {
      const found = await store.listSubscriptions(caller, { ...page, state: page.state, cursor: page.cursor })
      const subscriptions = found.subscriptions.flatMap(
        (stored) => openOrLog(() => [show(stored)], { subscription_id: stored.id }, log) ?? [],
      )
      return { subscriptions, nextCursor: found.nextCursor }
    },

    /** Of all callers, or of one, for operators: without ids of people. One that cannot be opened is logged and left out. */
    listForOperators: async ({ caller, state, cursor, limit }: OperatorFilter) => {
      const found = await store.listSubscriptions(caller, { state, cursor, limit })
      return {
        subscriptions: found.subscriptions.flatMap(
          (stored) =>
            openOrLog(() => [showToOperator(stored, codec.open(stored))], { subscription_id: stored.id }, log) ?? [],
        ),
        next_cursor: writeCursor(found.nextCursor),
      }
    },

    /** Resolves to whether the caller had it. */
    remove: (caller: string, id: string): Promise<boolean> => store.deleteSubscription(caller, id),
  }
}

function showToOperator(
  { id, caller, state, createdAt, nextAttemptAt }: StoredSubscription,
  { wanted, failure }: { wanted: Wanted; failure: Failure | undefined },
) {
  return {
    id,
    caller,
    state,
    event_type: wanted.eventType,
    created_at: new Date(createdAt).toISOString(),
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    ...(state === 'failed' &&
      failure !== undefined && { error: { code: failure.code, status: failure.divar?.status } }),
  }
}
