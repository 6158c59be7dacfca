import { sendsInNameOf, type EraseConsent } from '../consent/erase-consent.ts'
import type { Logger } from '../observability/log.ts'
import { createProgress, type ErasedMessages, type Progress } from '../outbox/erase-messages.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'

/** How long one call may take. What it does not reach is left for the next. */
const MAX_MS = 10_000

/** What was erased of a user. `left`: the call must be repeated. */
export type ErasedUser = {
  grants: number
  subscriptions: number
  consents: number
  messages: number
  texts: number
  events: number
  unreadable: number
  left: boolean
}

type ErasedFlows = { deleted: number; unreadable: number; isComplete: boolean }

type EraseUserOptions = EraseConsent & {
  eraseMessages: Outbox['eraseMessages']
  /** Resolves to how many there were. */
  eraseSubscriptions: (userId: string) => Promise<number>
  /** A gateway that stops begins no further batch. */
  isStopping: () => boolean
  log: Logger
}

/** Ends all that is done in a user's name, and wipes its texts. @throws StoreError when nothing was done yet */
export type EraseUser = (userId: string) => Promise<ErasedUser>

export function createEraseUser(options: EraseUserOptions): EraseUser {
  const { endGrants, deleteGrants, eraseSubscriptions, eraseFlows, eraseMessages, isStopping, log } = options
  const unfinished = new Unfinished()
  const eraseAllFlows = async (userId: string, flows: ErasedFlows, hasTime: () => boolean) => {
    let next: string | undefined = ''
    while (next !== undefined && (next === '' || hasTime())) {
      const batch = await eraseFlows(userId, next)
      flows.deleted += batch.deleted
      flows.unreadable += batch.unreadable
      next = batch.next
    }
    flows.isComplete = next === undefined
  }
  return async (userId) => {
    const endsAt = performance.now() + MAX_MS
    const hasTime = () => performance.now() < endsAt && !isStopping()
    const flows: ErasedFlows = { deleted: 0, unreadable: 0, isComplete: false }
    const messages: ErasedMessages = { ended: 0, wiped: 0, events: 0, unreadable: 0, isComplete: false }
    const before = unfinished.take(userId)
    // First, so that nothing more is registered, agreed to, or sent by a grant.
    const subscriptions = await eraseSubscriptions(userId)
    await eraseAllFlows(userId, flows, hasTime)
    const ended = await endGrants(userId)
    // Messages that were looked at before may go by a grant that is new.
    const progress = before === undefined || ended.count > 0 ? createProgress() : before
    let late = 0
    try {
      await eraseMessages({ userId, sends: sendsInNameOf(userId, ended.opened) }, hasTime, messages, progress)
      if (messages.isComplete) await deleteGrants(ended.ids)
      // Of a user who was agreeing at that moment: its messages are for the next call.
      late = (await endGrants(userId)).count
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      messages.isComplete = false
      log.warn({ event: 'store.failed', what: 'erase', ...describeStoreError(error) })
    }
    if (!messages.isComplete) unfinished.keep(userId, progress)
    return {
      grants: ended.count + late,
      subscriptions,
      consents: flows.deleted,
      messages: messages.ended,
      texts: messages.wiped,
      events: messages.events,
      unreadable: messages.unreadable + flows.unreadable,
      left: !(messages.isComplete && flows.isComplete) || late > 0,
    }
  }
}

const MAX_UNFINISHED = 100
/** After that a repeat begins anew: what was looked at may have changed. */
const CONTINUE_WITHIN_MS = 10 * 60 * 1000

/**
 * How far erasures have come that did not finish, by user. Without it a repeat would look at the same messages first, and never finish where
 * more wait than one call reaches. Another gateway, or this one after a restart, begins anew.
 */
class Unfinished {
  readonly #kept = new Map<string, { progress: Progress; at: number }>()

  /** One call at a time continues. */
  take(userId: string): Progress | undefined {
    const kept = this.#kept.get(userId)
    this.#kept.delete(userId)
    return kept !== undefined && performance.now() - kept.at < CONTINUE_WITHIN_MS ? kept.progress : undefined
  }

  keep(userId: string, progress: Progress): void {
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined && this.#kept.size >= MAX_UNFINISHED) this.#kept.delete(oldest)
    this.#kept.set(userId, { progress, at: performance.now() })
  }
}
