import { sendsInNameOf, type EraseConsent } from '../consent/erase-consent.ts'
import type { Logger } from '../observability/log.ts'
import type { ErasedMessages } from '../outbox/erase-messages.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'

/** How long one call may take. What it does not reach is left for the next. */
const MAX_MS = 10_000

/** What was erased of a user. `left`: the call must be repeated. */
export type ErasedUser = {
  grants: number
  consents: number
  messages: number
  texts: number
  unreadable: number
  left: boolean
}

type EraseUserOptions = EraseConsent & {
  eraseMessages: Outbox['eraseMessages']
  /** A gateway that stops begins no further batch. */
  isStopping: () => boolean
  log: Logger
}

/** Ends all that is done in a user's name, and wipes its texts. @throws StoreError when nothing was done yet */
export type EraseUser = (userId: string) => Promise<ErasedUser>

export function createEraseUser(options: EraseUserOptions): EraseUser {
  const { eraseGrants, eraseFlows, eraseMessages, isStopping, log } = options
  return async (userId) => {
    const endsAt = performance.now() + MAX_MS
    const hasTime = () => performance.now() < endsAt && !isStopping()
    const flows = { deleted: 0, unreadable: 0, isComplete: false }
    const messages: ErasedMessages = { ended: 0, wiped: 0, unreadable: 0, isComplete: false }
    // First, so that nothing more is sent by them.
    const { deleted, opened } = await eraseGrants(userId)
    try {
      await eraseMessages(sendsInNameOf(userId, opened), hasTime, messages)
      let next: string | undefined = ''
      while (next !== undefined && (next === '' || hasTime())) {
        const batch = await eraseFlows(userId, next)
        flows.deleted += batch.deleted
        flows.unreadable += batch.unreadable
        next = batch.next
      }
      flows.isComplete = next === undefined
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      log.warn({ event: 'store.failed', what: 'erase', ...describeStoreError(error) })
    }
    return {
      grants: deleted,
      consents: flows.deleted,
      messages: messages.ended,
      texts: messages.wiped,
      unreadable: messages.unreadable + flows.unreadable,
      left: !(messages.isComplete && flows.isComplete),
    }
  }
}
