import type { MessageState, Wire } from './message-store.ts'

/** What a note is of. An attempt is not noted: it is stored with its message. */
export type NoteKind = 'click' | 'action' | 'consent' | 'send' | 'event' | 'notice'

/** A row of the timeline. It has ids of the gateway's own and words of closed lists, never ids of people or texts. */
export type NewNote = {
  /** The conversation as `<key id>.<MAC>`. */
  name: string
  /** How long ago it began, in milliseconds. */
  ageMs: number
  kind: NoteKind
  result: string
  durationMs?: number | undefined
  wire?: string | undefined
  /** The id of the click, message, event or notice. */
  subject?: string | undefined
  caller?: string | undefined
  /** The HTTP status of the answer. */
  status?: number | undefined
  eventType?: string | undefined
}

/** An entry of a conversation's timeline; times in milliseconds since 1970. */
export type TimelineEntry = {
  at: number
  kind: NoteKind | 'attempt'
  result: string
  durationMs: number | null
  wire: Wire | null
  subject: string | null
  caller: string | null
  /** The state now of the stored message, event or notice. */
  state: MessageState | null
  number: number | null
  status: number | null
  code: string | null
  reason: string | null
  eventType: string | null
}

/** Notes of one conversation that are looked at, the newest first. */
export const MAX_NOTES_READ = 10_000

export type TimelineStore = {
  addNotes: (notes: readonly NewNote[]) => Promise<void>
  /** Newest first, at or before `until`, which is in milliseconds since 1970. */
  findTimeline: (names: readonly string[], until: number | undefined, limit: number) => Promise<TimelineEntry[]>
  /** The conversation of a stored message. */
  findConversation: (messageId: string) => Promise<string | undefined>
  /** Deletes notes that are older than `keepMs`, and the oldest beyond `maxRows`. @returns how many rows */
  deleteNotes: (keepMs: number, maxRows: number, limit: number) => Promise<number>
}
