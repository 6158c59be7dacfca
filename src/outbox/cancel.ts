import type { Changed, Store } from '../store/store.ts'
import type { Backlog } from './enqueue.ts'
import type { CreateNotice, Ended, NoteNotice } from './webhooks.ts'
import type { Workers } from './worker.ts'

type CancelOptions = {
  store: Pick<Store, 'find' | 'cancel' | 'findConversation'>
  createNotice: CreateNotice | undefined
  noteNotice: NoteNotice | undefined
  backlog: Pick<Backlog, 'remove'>
  workers: Pick<Workers, 'wake'>
}

/** Makes the function that cancels a queued message; it resolves to undefined when the caller does not have it. */
export function createCancel({ store, createNotice, noteNotice, backlog, workers }: CancelOptions) {
  return async (caller: string, id: string, requestId: string): Promise<Changed | undefined> => {
    const before = createNotice && (await store.find(caller, id))
    const notices = cancelNotices(createNotice, { id, caller, requestId, attempts: before?.attempts.length ?? 0 })
    const changed = await store.cancel(caller, id, notices)
    if (changed?.kind !== 'changed') return changed
    backlog.remove({ caller, body: undefined })
    workers.wake()
    const { state } = changed
    const notice = state === 'cancelled' || state === 'unknown' ? notices?.[state] : undefined
    if (notice !== undefined && noteNotice !== undefined) {
      // The message is cancelled, whether or not this is noted.
      const conversation = await store.findConversation(id).catch(() => undefined)
      if (conversation !== undefined) noteNotice(conversation, notice.id, state)
    }
    return changed
  }
}

/** A notice for each state that a cancellation may end in; the commit decides which. Undefined without a status webhook. */
export function cancelNotices(
  createNotice: CreateNotice | undefined,
  { id, caller, requestId, attempts }: Pick<Ended, 'id' | 'caller' | 'requestId' | 'attempts'>,
) {
  const ended = { id, caller, requestId, attempts, last: undefined }
  return (
    createNotice && {
      cancelled: createNotice({ ...ended, state: 'cancelled' }),
      unknown: createNotice({ ...ended, state: 'unknown' }),
    }
  )
}
