import { callerAskedFor, requireWord, type Actor } from '../access/actor.ts'
import { Fault } from '../base/fault.ts'
import { writeCursor } from '../http/request.ts'
import type { BulkDone } from '../outbox/bulk-acts.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { orOutcomeUnknown } from '../store/store-faults.ts'
import {
  COMPANY_WIRES,
  EVENTS_CALLER,
  WIRES,
  type Changed,
  type MessageFilter,
  type MessageState,
} from '../store/store.ts'
import { readCancelFilter, readRetryFilter, type ListFilter } from './message-filter.ts'
import { showMessage, showTime } from './show-message.ts'

/** What callers and operators do with stored messages. A caller without the permission `operate` sees and changes only its own. */
export type MessageActs = ReturnType<typeof createMessageActs>

const TO_DIVAR = WIRES.filter((wire) => !COMPANY_WIRES.some((own) => own === wire))

type BulkAsked = {
  state?: MessageState | undefined
  caller?: string | undefined
  since?: number | undefined
  until?: number | undefined
  limit?: number | undefined
}

export function createMessageActs(outbox: Outbox) {
  /** The caller in whose name a message is looked up. */
  const ownerOf = async ({ caller, permissions }: Actor, id: string): Promise<string> =>
    permissions.has('operate') ? ((await outbox.findCaller(id)) ?? caller) : caller

  return {
    /** @throws Fault `not_allowed` */
    listMessages: async (
      actor: Actor,
      { wire, caller: named, ...filter }: ListFilter & Pick<MessageFilter, 'isByEnd'>,
    ) => {
      if (wire === 'event') requireWord(actor, 'operate')
      const caller = callerAskedFor(actor, named)
      const { messages, nextCursor } = await outbox.list({ ...filter, wire, caller })
      return { messages: messages.map(showMessage), next_cursor: writeCursor(nextCursor) }
    },

    /** @throws Fault `not_found` */
    findMessage: async (actor: Actor, id: string) => {
      requireId(id)
      const message = await outbox.find(await ownerOf(actor, id), id)
      if (message === undefined) throw notYours()
      return showMessage(message)
    },

    /** @throws Fault `not_found`, `wrong_state`, `content_wiped`, `not_allowed` for an event, `store_outcome_unknown` */
    retryMessage: async (actor: Actor, id: string) => {
      requireId(id)
      if (isEventId(id)) requireWord(actor, 'operate')
      requireChanged(await orOutcomeUnknown(outbox.retry(await ownerOf(actor, id), id)), 'retry')
      actor.requestLog.audit(isEventId(id) ? 'event.retry' : 'message.retry', { [idField(id)]: id })
      return { id, state: 'queued' as const }
    },

    /** @throws Fault `not_found`, `wrong_state`, `store_outcome_unknown` */
    cancelMessage: async (actor: Actor, id: string) => {
      requireId(id)
      // Only messages to Divar can be cancelled.
      if (isEventId(id)) throw notYours()
      const { requestId } = actor.requestLog
      const changed = await orOutcomeUnknown(outbox.cancel(await ownerOf(actor, id), id, requestId))
      const { state } = requireChanged(changed, 'cancel')
      actor.requestLog.audit('message.cancel', { message_id: id })
      return { id, state }
    },

    /** What a bulk act would change; `left` is the number of messages. @throws Fault `invalid_filter`, `not_allowed` */
    countMessages: async (actor: Actor, act: 'retry' | 'cancel', body: unknown) =>
      showDone(
        act === 'retry'
          ? await outbox.countRetryable(retryOf(actor, readRetryFilter(body)))
          : await outbox.countCancellable(cancelOf(actor, readCancelFilter(body))),
      ),

    /** @throws Fault `invalid_filter`, `not_allowed`, `store_outcome_unknown` */
    retryMessages: async (actor: Actor, body: unknown) => {
      const read = readRetryFilter(body)
      const { limit, asked } = read
      const done = await orOutcomeUnknown(outbox.retryMany(retryOf(actor, read), limit))
      return tell(actor, 'messages.retry', asked, done)
    },

    /** @throws Fault `invalid_filter`, `not_allowed`, `store_outcome_unknown` */
    cancelMessages: async (actor: Actor, body: unknown) => {
      const read = readCancelFilter(body)
      const { limit, asked } = read
      const filter = cancelOf(actor, read)
      const done = await orOutcomeUnknown(outbox.cancelMany(filter, limit, actor.requestLog.requestId))
      return tell(actor, 'messages.cancel', asked, done)
    },
  }
}

/** @throws Fault `not_allowed` */
function retryOf(actor: Actor, { states, asked: { caller: named, since, until } }: ReturnType<typeof readRetryFilter>) {
  const caller = callerAskedFor(actor, named)
  const wires = caller === EVENTS_CALLER ? (['event'] as const) : TO_DIVAR
  return { states, caller, wires, since, until }
}

/** @throws Fault `not_allowed` */
function cancelOf(actor: Actor, { asked: { caller, since, until } }: ReturnType<typeof readCancelFilter>) {
  return { caller: callerAskedFor(actor, caller), wires: TO_DIVAR, since, until }
}

/** Writes the audit line of a bulk act, and makes its answer. */
function tell({ requestLog }: Actor, act: string, asked: BulkAsked, done: BulkDone) {
  const { since, until, ...others } = asked
  const times = { since: showTime(since ?? null), until: showTime(until ?? null) }
  const { matched, changed, skipped, left } = done
  requestLog.audit(act, { filter: { ...others, ...times }, matched, changed, ...skipped, left })
  return showDone(done)
}

function showDone({ until, ...counts }: BulkDone) {
  return { ...counts, until: new Date(until).toISOString() }
}

export function idField(id: string): 'event_id' | 'message_id' {
  return isEventId(id) ? 'event_id' : 'message_id'
}

function isEventId(id: string): boolean {
  return id.startsWith('dve_')
}

/** Ids with other characters are not looked up: PostgreSQL refuses some, such as NUL. */
function requireId(id: string): void {
  if (!/^[\w-]+$/.test(id)) throw notYours()
}

function requireChanged(changed: Changed | undefined, what: 'retry' | 'cancel'): { state: MessageState } {
  if (changed === undefined) throw notYours()
  if (changed.kind === 'changed') return changed
  const { state, wiped, waits } = changed
  if (what === 'retry' && wiped && state !== 'delivered') {
    throw new Fault('content_wiped', 'The text and buttons of this message are wiped; send it anew.')
  }
  const text = waits === false ? STATE_TEXTS[state] : WAIT_TEXTS[waits]
  throw new Fault('wrong_state', `This message ${text}.`, { members: { state } })
}

const WAIT_TEXTS = {
  line: 'waits for the message before it in its conversation',
  time: 'waits for its not_before',
}

const STATE_TEXTS = {
  queued: 'is queued already',
  sending: 'is just being sent',
  delivered: 'is delivered already',
  rejected: 'has ended already',
  failed: 'has ended already',
  unknown: 'has ended already',
  cancelled: 'is cancelled already',
  expired: 'has ended already',
}

/** Also for another caller's message, unless this caller may `operate`. */
function notYours(): Fault {
  return new Fault('not_found', 'id: expected that of a message that you sent and that is still kept')
}
