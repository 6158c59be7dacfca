import { createPoller, type Poller } from '../base/poller.ts'
import type { Logger } from '../observability/log.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'
import type { ExpiredMessage, TimedMessage, TimedStore } from '../store/timed-store.ts'
import type { DeliveryMetrics } from './deliver-claimed.ts'
import type { Backlog } from './enqueue.ts'
import type { OpenRows } from './open-rows.ts'
import type { CreateNotice, NoteNotice } from './webhooks.ts'
import type { Workers } from './worker.ts'

const BATCH = 100
/** Poll interval when no time is nearer: another gateway may have accepted a message with one. */
const POLL_EVERY_MS = 2000
/** Times of the same moment are handled together. */
const MIN_WAIT_MS = 20

type TimesOptions = {
  store: TimedStore
  clock: Pick<ClockWatch, 'isTrusted'>
  conversationNames: OpenRows['conversationNames']
  createNotice: CreateNotice | undefined
  noteNotice: NoteNotice | undefined
  backlog: Pick<Backlog, 'remove'>
  workers: Pick<Workers, 'wake'>
  metrics: Pick<DeliveryMetrics, 'ended'>
  log: Logger
}

/** Queues messages when their `not_before` has come, and ends those whose `expires_at` has. Every gateway does it for all messages of the store. */
export function createTimes(options: TimesOptions): Poller {
  const { store, clock, conversationNames, createNotice, noteNotice, backlog, workers, metrics, log } = options
  let storeAway = false

  /** @returns milliseconds until the next look */
  const look = async (): Promise<number> => {
    try {
      const { timed, expired, nextInMs = POLL_EVERY_MS } = await store.findDueTimes(BATCH)
      storeAway = false
      if (timed.length > 0) await queue(timed)
      // What a wrong clock ends would be lost.
      if (expired.length > 0 && !(await clock.isTrusted())) return POLL_EVERY_MS
      if (expired.length > 0) await end(expired)
      return Math.min(Math.max(nextInMs, MIN_WAIT_MS), POLL_EVERY_MS)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (!storeAway) log.error({ event: 'store.failed', what: 'times', ...describeStoreError(error) })
      storeAway = true
      return POLL_EVERY_MS
    }
  }

  const queue = async (timed: readonly TimedMessage[]): Promise<void> => {
    await store.queueTimed(timed.map((message) => ({ id: message.id, conversations: namesOf(message) })))
    workers.wake()
  }

  /** A row that cannot be opened keeps its name: its delivery sets it aside. */
  const namesOf = ({ id, conversation, body }: TimedMessage): readonly [string, ...string[]] => {
    const [first = conversation, ...others] = conversationNames(id, body)
    return [first, ...others]
  }

  const end = async (expired: readonly ExpiredMessage[]): Promise<void> => {
    const withNotices = expired.map((message) => ({ ...message, notices: noticesOf(message) }))
    const ended = await store.endExpired(withNotices)
    const states = new Map(ended.map(({ id, state }) => [id, state]))
    for (const message of withNotices) {
      const state = states.get(message.id)
      if (state === undefined) continue
      const { id, caller, wire, requestId, attempts } = message
      metrics.ended.count(wire, state)
      backlog.remove(message)
      const notice = state === 'expired' || state === 'unknown' ? message.notices?.[state] : undefined
      if (notice !== undefined) noteNotice?.(message.conversation, notice.id, state)
      log.warn({ event: 'message.expired', request_id: requestId, message_id: id, caller, wire, attempts, state })
    }
    workers.wake()
  }

  const noticesOf = ({ id, caller, requestId, attempts }: ExpiredMessage) => {
    if (createNotice === undefined) return undefined
    const how = { id, caller, requestId, attempts, last: undefined }
    return {
      expired: createNotice({ ...how, state: 'expired' }),
      unknown: createNotice({ ...how, state: 'unknown' }),
    }
  }

  return createPoller(look)
}
