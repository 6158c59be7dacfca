import { setTimeout as wait } from 'node:timers/promises'
import type { Credential } from '../divar/deliver.ts'
import type { Message } from '../message/message.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { CONTENT_SETS, type ContentSet, type ErasureStore, type StoredContent } from '../store/erasure-store.ts'
import type { Backlog } from './enqueue.ts'
import { userOfEventPayload } from './events.ts'
import { readPayload, type Sealer } from './payload.ts'
import type { createNotices } from './webhooks.ts'
import type { Workers } from './worker.ts'

const BATCH = 100
/** How often to look whether a message that is being sent has ended. */
const LOOK_EVERY_MS = 50

/** What an erasure did to messages and events. */
export type ErasedMessages = {
  /** Queued messages that were ended. */
  ended: number
  /** Messages that had ended, and whose content was wiped. */
  wiped: number
  /** Events that name the user, and were ended or wiped. */
  events: number
  /** Messages and events that cannot be opened, so that it is unknown whose they are. */
  unreadable: number
  /** Whether all were looked at, and none of the user's is still being sent. */
  isComplete: boolean
}

type EraseMessagesOptions = {
  store: Pick<ErasureStore, 'findContents' | 'eraseMessages'>
  sealer: Sealer
  createNotice: ReturnType<typeof createNotices> | undefined
  backlog: Pick<Backlog, 'remove'>
  workers: Pick<Workers, 'wake'>
  log: Logger
}

/** The user, and whether a message goes in that name. */
type Owner = { userId: string; sends: (message: Message, credential: Credential) => boolean }

/** How far an erasure has come, so that a repeat continues it. */
export type Progress = {
  /** Index of the set that is being looked at. */
  set: number
  after: StoredContent['position'] | undefined
  /** The user's messages that are being sent. */
  sending: Map<string, StoredContent>
}

export function createProgress(): Progress {
  return { set: 0, after: undefined, sending: new Map() }
}

/**
 * Ends queued messages of this user and events that name the user, and wipes the contents of ended ones. Rows name no person, so each content is opened, in batches
 * with a rest after each. A message that is being sent is waited for. Adds to `erased` and
 * `progress` as it proceeds, so that they are right after an error.
 */
export function createEraseMessages({ store, sealer, createNotice, backlog, workers, log }: EraseMessagesOptions) {
  return async (owner: Owner, hasTime: () => boolean, erased: ErasedMessages, progress: Progress): Promise<void> => {
    const { sending } = progress

    const isOwnContent = ({ id, wire, body }: StoredContent): boolean => {
      try {
        const text = sealer.open('body', id, body)
        if (wire === 'event') return userOfEventPayload(text) === owner.userId
        const { message, credential } = readPayload(text)
        return owner.sends(message, credential)
      } catch (error) {
        log.error({ event: 'store.sealed_row_unreadable', message_id: id, ...describeError(error) })
        erased.unreadable += 1
        return false
      }
    }

    const erase = async (own: readonly StoredContent[]): Promise<void> => {
      if (own.length === 0) return
      const results = await store.eraseMessages(own.map((one) => ({ ...one, notices: noticesOf(one) })))
      const byId = new Map(own.map((one) => [one.id, one]))
      for (const { id, result } of results) {
        const content = byId.get(id)
        if (content === undefined) continue
        if (result === 'sending') sending.set(id, content)
        else sending.delete(id)
        if (result === 'ended') backlog.remove(content)
        if (result !== 'ended' && result !== 'wiped') continue
        erased[content.wire === 'event' ? 'events' : result] += 1
      }
      workers.wake()
    }

    const noticesOf = ({ id, caller, wire, requestId, attempts }: StoredContent) => {
      if (createNotice === undefined || wire === 'event') return undefined
      const ended = { id, caller, requestId, attempts, last: undefined }
      return {
        cancelled: createNotice({ ...ended, state: 'cancelled' }),
        unknown: createNotice({ ...ended, state: 'unknown' }),
      }
    }

    /** Resolves to whether the whole set was looked at. */
    const eraseSet = async (set: ContentSet): Promise<boolean> => {
      for (;;) {
        const begunAt = performance.now()
        const found = await store.findContents(set, progress.after, BATCH)
        await erase(found.filter(isOwnContent))
        progress.after = found.at(-1)?.position
        if (found.length < BATCH) return true
        if (!hasTime()) return false
        await wait(performance.now() - begunAt)
      }
    }

    for (const set of CONTENT_SETS.slice(progress.set)) {
      if (!(await eraseSet(set))) return
      progress.set += 1
      progress.after = undefined
    }
    while (sending.size > 0 && hasTime()) {
      await wait(LOOK_EVERY_MS)
      await erase([...sending.values()].slice(0, BATCH))
    }
    erased.isComplete = sending.size === 0
  }
}
