import * as z from 'zod'
import { fieldErrors, invalidFilter, requiredId } from '../base/fields.ts'
import type { Keyring } from '../base/keyring.ts'
import type { TimelineEntry, TimelineStore } from '../store/timeline-store.ts'
import { chatTextsToFind } from './chats.ts'

const DEFAULT_PAGE = 50
const MAX_PAGE = 200
const limitError = `expected an integer from 1 to ${MAX_PAGE}`
const addressError =
  'expected conversation_id, or user_id, post_token and peer_id; and beside them only cursor and limit'

const page = {
  cursor: z.string('expected a next_cursor of an earlier page').optional(),
  limit: z.int(limitError).min(1, limitError).max(MAX_PAGE, limitError).default(DEFAULT_PAGE),
}

/** The body of `POST /timeline`. */
export const timelineBody = z.union(
  [
    z.strictObject({ conversation_id: requiredId(128), ...page }),
    z.strictObject({ user_id: requiredId(128), post_token: requiredId(64), peer_id: requiredId(128), ...page }),
  ],
  { error: addressError },
)

/** Where a page ends: a time, and how many entries of that millisecond were shown. */
type Cursor = { at: number; shown: number }

/** Tells what happened in one conversation. */
export function createTimeline(store: Pick<TimelineStore, 'findTimeline' | 'findConversation'>, keyring: Keyring) {
  const read = async (names: readonly string[], cursor: Cursor | undefined, limit: number) => {
    const shown = cursor?.shown ?? 0
    const found = (await store.findTimeline(names, cursor?.at, limit + shown + 1)).slice(shown)
    const entries = found.slice(0, limit)
    const last = found.length > limit ? entries.at(-1) : undefined
    const ofLast = entries.filter(({ at }) => at === last?.at).length + (last?.at === cursor?.at ? shown : 0)
    return {
      entries: entries.map(showEntry),
      next_cursor: last === undefined ? null : writeCursor({ at: last.at, shown: ofLast }),
    }
  }

  return {
    /** @throws Fault `invalid_filter` with every error of the body */
    timeline: async (body: unknown) => {
      const { cursor, limit, ...address } = readBody(body)
      const texts = chatTextsToFind(
        'conversation_id' in address
          ? { conversationId: address.conversation_id }
          : { triple: { userId: address.user_id, postToken: address.post_token, peerId: address.peer_id } },
      )
      const names = texts.flatMap((text) => keyring.macs('conversation', text))
      return read(names, readCursor(cursor), limit)
    },

    /** The timeline of a stored message's conversation; undefined without that message. */
    timelineOf: async (messageId: string, { cursor, limit }: { cursor?: string | undefined; limit: number }) => {
      const name = await store.findConversation(messageId)
      return name === undefined ? undefined : read([name], readCursor(cursor), limit)
    },
  }
}

function readBody(body: unknown): z.infer<typeof timelineBody> {
  const parsed = timelineBody.safeParse(body)
  if (parsed.success) return parsed.data
  throw invalidFilter(fieldErrors(parsed.error))
}

function writeCursor({ at, shown }: Cursor): string {
  return Buffer.from(`at ${at} ${shown}`).toString('base64url')
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined
  const [, at, shown] = /^at (\d{1,15}) (\d{1,6})$/.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? []
  if (at !== undefined) return { at: Number(at), shown: Number(shown) }
  throw invalidFilter([{ pointer: '/cursor', detail: 'expected a next_cursor of an earlier page' }])
}

function showEntry(entry: TimelineEntry) {
  const { at, kind, result, durationMs, wire, subject, caller, state, number, status, code, reason, eventType } = entry
  return {
    at: new Date(at).toISOString(),
    kind,
    result,
    duration_ms: durationMs,
    wire,
    id: subject,
    caller,
    state,
    number,
    status,
    code,
    reason,
    event_type: eventType,
  }
}
