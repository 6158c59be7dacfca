import { identityText, type DivarEvent } from '../event/event.ts'
import { EVENTS_CALLER, KEEP_KEY_MS, type NewMessage, type OutboxStore } from '../store/store.ts'
import type { Accept, Backlog } from './backlog.ts'
import { writeEventPayload } from './event-payload.ts'
import type { Sealer } from './payload.ts'
import type { Workers } from './worker.ts'

/** `seen`: the same event is stored already. */
export type EventQueued = 'stored' | 'seen' | 'full'

type EnqueueEventOptions = {
  store: Pick<OutboxStore, 'findRepeat'>
  accept: Accept
  sealer: Sealer
  backlog: Backlog
  workers: Pick<Workers, 'wake'>
  /** How long an event is retried, in milliseconds. */
  tryForMs: number
}

/** Stores an event to be passed on. What tells it apart is committed with it, so that a repeat within 24 h is recognized. */
export function createEnqueueEvent(options: EnqueueEventOptions) {
  const { store, accept, sealer, backlog, workers, tryForMs } = options

  const toStored = (event: DivarEvent, requestId: string): NewMessage => {
    const identity = identityText(event)
    const [key, ...formerKeys] = identity === undefined ? [] : sealer.eventIdentities(identity)
    return {
      id: event.id,
      caller: EVENTS_CALLER,
      wire: 'event',
      conversations: sealer.eventConversations(event),
      atLeastOnce: true,
      body: sealer.seal('body', event.id, writeEventPayload(event)),
      tryForMs,
      requestId,
      // The key is a MAC of the event, and so its own fingerprint. After a rotation it has another name under each older key.
      ...(key !== undefined && {
        idempotency: { key, formerKeys, fingerprints: [key, ...formerKeys], ttlMs: KEEP_KEY_MS },
      }),
    }
  }

  /** Resolves after the commit. */
  return async (event: DivarEvent, requestId: string): Promise<EventQueued> => {
    const message = toStored(event, requestId)
    const accepted = await backlog.take(message, accept)
    if (accepted?.kind === 'accepted') {
      workers.wake()
      return 'stored'
    }
    if (accepted !== undefined) return 'seen'
    // A repeat needs no room.
    const repeated = message.idempotency && (await store.findRepeat(EVENTS_CALLER, message.idempotency))
    return repeated === undefined ? 'full' : 'seen'
  }
}
