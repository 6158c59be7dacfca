import { sql } from 'kysely'
import type { StoredState } from '../store.ts'
import { MAX_NOTES_READ, type TimelineEntry } from '../timeline-store.ts'
import { after, trustedNow, type Query } from './database.ts'

/** The columns of a note after `name` and `at`, and their types. */
const NOTE_COLUMNS = {
  kind: 'text',
  result: 'text',
  duration_ms: 'bigint',
  wire: 'text',
  subject: 'text',
  caller: 'text',
  status: 'integer',
  event_type: 'text',
}

/** The rows are one parameter of JSON, so that the statement stays short and is always the same. */
export const addNotes: Query<'addNotes'> = async ({ db, kind, now }, notes) => {
  if (notes.length === 0) return
  const rows = notes.map(({ ageMs, durationMs, eventType, ...note }) => ({
    ...note,
    age_ms: Math.round(ageMs),
    duration_ms: durationMs === undefined ? undefined : Math.round(durationMs),
    event_type: eventType,
  }))
  const names = Object.keys(NOTE_COLUMNS)
  const cells = kind === 'postgres' ? names : names.map((name) => `value ->> '${name}'`)
  const [name, age] = kind === 'postgres' ? ['name', 'age_ms'] : [`value ->> 'name'`, `value ->> 'age_ms'`]
  const types = Object.entries(NOTE_COLUMNS).map(([column, type]) => `${column} ${type}`)
  const json = JSON.stringify(rows)
  const source =
    kind === 'postgres'
      ? sql`json_to_recordset(cast(${json} as json)) as note (name text, age_ms bigint, ${sql.raw(types.join(', '))})`
      : sql`json_each(${json})`
  await sql`insert into timeline (name, at, ${sql.raw(names.join(', '))})
    select ${sql.raw(name)}, ${now} - cast(${sql.raw(age)} as bigint), ${sql.raw(cells.join(', '))} from ${source}`.execute(
    db,
  )
}

/** In the order in which things of one millisecond happen. */
const RANK = sql`case kind when 'click' then 1 when 'action' then 2 when 'consent' then 3 when 'send' then 4 when 'event' then 5
  when 'attempt' then case wire when 'webhook' then 8 else 6 end else 7 end`

/** A note is stored late, with its age; what it tells of a stored row cannot be later than that row. */
const NOTED_AT = sql`case when (note.result in ('queued', 'stored') or note.kind = 'notice') and message.created_at < note.at
  then message.created_at else note.at end`

type Row = Omit<TimelineEntry, 'durationMs' | 'eventType' | 'state'> & {
  state: StoredState | null
  duration_ms: number | null
  event_type: string | null
}

export const findTimeline: Query<'findTimeline'> = async ({ db }, names, until, limit) => {
  const isBefore = until === undefined ? sql`1 = 1` : sql`at <= ${until}`
  const { rows } = await sql<Row>`
    with note as (
      select * from timeline where name in (${sql.join([...names])}) order by at desc, seq desc limit ${sql.lit(MAX_NOTES_READ)}
    ), entry as (
      select ${NOTED_AT} as at, note.kind, note.result, note.duration_ms, note.wire, note.subject, note.caller, message.state,
        cast(null as integer) as number, note.status, cast(null as text) as code, cast(null as text) as reason,
        note.event_type, note.seq as place
      from note left join message on message.id = note.subject
      union all
      select attempt.begun_at, 'attempt', coalesce(attempt.outcome, 'running'), attempt.ended_at - attempt.begun_at,
        message.wire, message.id, message.caller, message.state, attempt.number, attempt.status, attempt.code,
        attempt.reason, null, attempt.number
      from attempt join message on message.id = attempt.message_id
      where attempt.message_id in (select subject from note where kind in ('send', 'event', 'notice'))
    )
    select * from entry where ${isBefore} order by at desc, ${RANK} desc, place desc limit ${limit}`.execute(db)
  return rows.map(({ duration_ms: durationMs, event_type: eventType, ...row }) => ({
    at: row.at,
    kind: row.kind,
    result: row.result,
    durationMs,
    wire: row.wire,
    subject: row.subject,
    caller: row.caller,
    state: row.state === 'timed' ? 'queued' : row.state,
    number: row.number,
    status: row.status,
    code: row.code,
    reason: row.reason,
    eventType,
  }))
}

export const findConversation: Query<'findConversation'> = async ({ db }, messageId) => {
  const row = await db
    .selectFrom('message')
    .select('conversation')
    .where('id', '=', messageId)
    .where('wire', '<>', 'webhook')
    .executeTakeFirst()
  return row?.conversation
}

/** The oldest have the lowest numbers, so that no row is counted. */
export const deleteNotes: Query<'deleteNotes'> = async (database, keepMs, maxRows, limit) => {
  const oldest = sql`select seq from timeline order by seq limit ${limit}`
  const { numAffectedRows } = await sql`
    delete from timeline where seq in (${oldest}) and (
      at <= ${after(trustedNow(database), -keepMs)}
      or seq <= (select max(seq) from timeline) - cast(${maxRows} as bigint)
    )`.execute(database.db)
  return Number(numAffectedRows ?? 0)
}
