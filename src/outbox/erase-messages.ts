import { setTimeout as wait } from 'node:timers/promises'
import type { Credential } from '../divar/deliver.ts'
import type { Message } from '../message/message.ts'
import { describeError, type Logger } from '../observability/log.ts'
import { CONTENT_SETS, type ContentSet, type ErasureStore, type StoredContent } from '../store/erasure-store.ts'
import type { Backlog } from './backlog.ts'
import { readPayload, type Sealer } from './payload.ts'
import type { createNotices } from './status-webhook.ts'
import type { Workers } from './worker.ts'

const BATCH = 100
/** How often to look whether a message that is being sent has ended. */
const LOOK_EVERY_MS = 50

/** What an erasure did to messages. */
export type ErasedMessages = {
  /** Queued messages that were ended. */
  ended: number
  /** Messages that had ended, and whose content was wiped. */
  wiped: number
  /** Messages that cannot be opened, so that it is unknown whose they are. */
  unreadable: number
  /** Whether all messages were looked at, and none of the user's is still being sent. */
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

type IsOwn = (message: Message, credential: Credential) => boolean

/**
 * Ends queued messages and wipes the contents of ended ones, where `isOwn` says so. Rows name no person, so each content is opened, in batches
 * with a rest after each. A message that is being sent is waited for. Adds to `erased` as it proceeds, so that it is right after an error.
 */
export function createEraseMessages({ store, sealer, createNotice, backlog, workers, log }: EraseMessagesOptions) {
  return async (isOwn: IsOwn, hasTime: () => boolean, erased: ErasedMessages): Promise<void> => {
    /** The user's messages that are being sent. */
    const sending = new Map<string, StoredContent>()

    const isOwnContent = ({ id, body }: StoredContent): boolean => {
      try {
        const { message, credential } = readPayload(sealer.open('body', id, body))
        return isOwn(message, credential)
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
        if (result === 'wiped') erased.wiped += 1
        if (result !== 'ended') continue
        erased.ended += 1
        backlog.remove(content)
      }
      workers.wake()
    }

    const noticesOf = ({ id, caller, requestId, attempts }: StoredContent) => {
      if (createNotice === undefined) return undefined
      const ended = { id, caller, requestId, attempts, last: undefined }
      return {
        cancelled: createNotice({ ...ended, state: 'cancelled' }),
        unknown: createNotice({ ...ended, state: 'unknown' }),
      }
    }

    /** Resolves to whether the whole set was looked at. */
    const eraseSet = async (set: ContentSet): Promise<boolean> => {
      let after: StoredContent['position'] | undefined
      for (;;) {
        const begunAt = performance.now()
        const found = await store.findContents(set, after, BATCH)
        await erase(found.filter(isOwnContent))
        after = found.at(-1)?.position
        if (found.length < BATCH) return true
        if (!hasTime()) return false
        await wait(performance.now() - begunAt)
      }
    }

    for (const set of CONTENT_SETS) if (!(await eraseSet(set))) return
    while (sending.size > 0 && hasTime()) {
      await wait(LOOK_EVERY_MS)
      await erase([...sending.values()].slice(0, BATCH))
    }
    erased.isComplete = sending.size === 0
  }
}
