import { sql } from 'kysely'
import { EVENTS_CALLER, MESSAGE_STATES, type MessageFilter, type StoredState, type Wire } from '../store.ts'
import { findCallers } from './callers.ts'
import type { Database, Query } from './database.ts'
import { withAttempts } from './messages.ts'

/** Rows that one page looks at, for filters that no index covers. */
const MAX_SCANNED = 5000
/** SQLite joins at most 500 selections. */
const MAX_RANGES = 400

const TO_DIVAR: readonly Wire[] = ['v1', 'v2', 'bot']

export const list: Query<'list'> = async (database, filter) => {
  const { seqs, nextCursor } = await findPage(database, filter)
  const rows =
    seqs.length === 0
      ? []
      : await database.db.selectFrom('message').selectAll().where('seq', 'in', seqs).orderBy('seq', 'desc').execute()
  return { messages: await withAttempts(database, rows), nextCursor }
}

/** A caller's messages in one state, which an index has in their order. */
type Range = { caller: string; state: StoredState }
type Scanned = { part: number; seq: number; at: number }

async function findPage(
  database: Database,
  filter: MessageFilter,
): Promise<{ seqs: number[]; nextCursor: number | undefined }> {
  const { limit, since = -Infinity, until = Infinity } = filter
  const ranges = await rangesOf(database, filter)
  const isTimed = filter.since !== undefined || filter.until !== undefined
  const depth = isTimed ? Math.max(Math.ceil(MAX_SCANNED / ranges.length), limit + 1) : limit + 1
  const rows = await scan(database, ranges, depth, filter)
  // Below this, some range was not looked at.
  const floor = Math.max(...[...Map.groupBy(rows, ({ part }) => part).values()].map((part) => endOf(part, depth)), 0)
  const matching = rows
    .filter(({ seq, at }) => seq >= floor && at >= since && at <= until)
    .map(({ seq }) => seq)
    .sort((one, other) => other - one)
  const seqs = matching.slice(0, limit)
  return { seqs, nextCursor: matching.length > limit ? seqs.at(-1) : floor || undefined }
}

function endOf(part: readonly Scanned[], depth: number): number {
  return part.length < depth ? 0 : Math.min(...part.map(({ seq }) => seq))
}

async function rangesOf(database: Database, { caller, state, wire }: MessageFilter): Promise<Range[]> {
  const named = wire === 'event' ? EVENTS_CALLER : caller
  const callers = named === undefined ? (await findCallers(database)).filter((one) => one !== EVENTS_CALLER) : [named]
  const shown = state === undefined ? MESSAGE_STATES : [state]
  const states: StoredState[] = shown.includes('queued') ? [...shown, 'timed'] : [...shown]
  return callers.flatMap((one) => states.map((each) => ({ caller: one, state: each })))
}

/** In a single statement, no message can move from one state to another. */
async function scan(
  { db }: Database,
  ranges: readonly Range[],
  depth: number,
  { cursor, wire, isByEnd = false }: MessageFilter,
): Promise<Scanned[]> {
  const older = cursor === undefined ? sql`` : sql`and seq < ${cursor}`
  const isWire = sql`wire in (${sql.join(wire === undefined ? [...TO_DIVAR] : [wire])})`
  const time = isByEnd ? sql`coalesce(finished_at, created_at)` : sql`created_at`
  const found: Scanned[] = []
  for (let at = 0; at < ranges.length; at += MAX_RANGES) {
    const parts = ranges.slice(at, at + MAX_RANGES).map(
      ({ caller, state }, index) => sql`select * from (
        select cast(${at + index} as integer) as part, seq, ${time} as at from message
        where caller = ${caller} and state = ${state} and ${isWire} ${older} order by seq desc limit ${depth}
      ) part`,
    )
    const { rows } = await sql<Scanned>`${sql.join(parts, sql` union all `)}`.execute(db)
    found.push(...rows)
  }
  return found
}
