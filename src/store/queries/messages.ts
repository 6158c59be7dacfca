import { sql } from 'kysely'
import { MESSAGE_STATES, type AttemptRecord, type Changed, type MessageRecord, type MessageState } from '../store.ts'
import { insertMessages } from './accept.ts'
import { findBusyConversation, advanceConversations } from './attempts.ts'
import type { Row } from './claim.ts'
import { after, sealedIn, type Database, type Query } from './database.ts'

export const find: Query<'find'> = async (database, caller, id) => {
  const row = await rowOf(database, caller, id)
  const [record] = await withAttempts(database, row ? [row] : [])
  return record
}

export const findCaller: Query<'findCaller'> = async ({ db }, id) => {
  const row = await db
    .selectFrom('message')
    .select('caller')
    .where('id', '=', id)
    .where('wire', '<>', 'webhook')
    .executeTakeFirst()
  return row?.caller
}

export const list: Query<'list'> = async (database, caller, { state, cursor, limit }) => {
  // One range of the index for each state. In a single statement, no message can move from one state to another.
  const older = cursor === undefined ? sql`` : sql`and seq < ${cursor}`
  const pages = (state === undefined ? MESSAGE_STATES : [state]).map(
    (one) => sql`select seq from (
      select seq from message where caller = ${caller} and state = ${one} and wire <> 'webhook' ${older}
      order by seq desc limit ${limit + 1}
    ) page`,
  )
  const { rows } = await sql<Row>`
    select * from message where seq in (${sql.join(pages, sql` union all `)}) order by seq desc limit ${limit + 1}`.execute(
    database.db,
  )
  const shown = rows.slice(0, limit)
  return {
    messages: await withAttempts(database, shown),
    nextCursor: rows.length > limit ? shown.at(-1)?.seq : undefined,
  }
}

export const readBody: Query<'readBody'> = async (database, caller, id) => {
  const row = await rowOf(database, caller, id)
  return row && sealedIn(row.body, row.body_key)
}

export const retry: Query<'retry'> = (database, caller, id, tryForMs, conversations = []) =>
  change(database, caller, id, conversations, async (trx, row) => {
    const { now, nextSeq } = trx
    const message = trx.db.updateTable('message').where('id', '=', id)
    if (row.state === 'queued' && row.due_at !== null) {
      await message.set({ due_at: now, due_set_at: now }).execute()
      return 'queued'
    }
    if (row.finished_at === null || row.body === null) return undefined
    const names = [...conversations, row.conversation]
    const busy = await findBusyConversation(trx, names)
    const dueAt = busy === undefined ? now : null
    await message
      .set({
        seq: nextSeq,
        state: 'queued',
        in_line: 1,
        conversation: busy ?? names[0] ?? row.conversation,
        due_at: dueAt,
        due_set_at: dueAt,
        give_up_at: after(now, tryForMs),
        finished_at: null,
        wipe_at: null,
      })
      .execute()
    return 'queued'
  })

export const cancel: Query<'cancel'> = (database, caller, id, notices) =>
  change(database, caller, id, [], async (trx, row) => {
    if (row.state !== 'queued') return undefined
    // An earlier attempt may have delivered it.
    const state = row.unsure === 1 ? 'unknown' : 'cancelled'
    await trx.db
      .updateTable('message')
      .set({ state, due_at: null, finished_at: trx.now, body: null, body_key: null })
      .where('id', '=', id)
      .execute()
    await advanceConversations(trx, [row.conversation])
    if (notices) await insertMessages(trx, [notices[state]])
    return state
  })

/** Changes one message of a caller under locks: first the conversation, then its rows. A fixed order prevents deadlocks. */
function change(
  database: Database,
  caller: string,
  id: string,
  lines: readonly string[],
  act: (trx: Database, row: Row) => Promise<MessageState | undefined>,
): Promise<Changed | undefined> {
  return database.write(async (trx) => {
    const seen = await rowOf(trx, caller, id)
    if (seen === undefined) return undefined
    await trx.lockConversations(trx.db, [seen.conversation, ...lines])
    const row = await rowOf(trx, caller, id, { lock: true })
    if (row === undefined) return undefined
    const state = await act(trx, row)
    if (state !== undefined) return { kind: 'changed', state }
    const waits = row.state === 'queued' && row.due_at === null
    return { kind: 'wrong_state', state: row.state, wiped: row.body === null, waits }
  })
}

function rowOf({ db, kind }: Database, caller: string, id: string, { lock = false } = {}): Promise<Row | undefined> {
  return db
    .selectFrom('message')
    .selectAll()
    .where('id', '=', id)
    .where('caller', '=', caller)
    .where('wire', '<>', 'webhook')
    .$if(lock && kind === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()
}

async function withAttempts({ db }: Database, rows: readonly Row[]): Promise<MessageRecord[]> {
  if (rows.length === 0) return []
  const attempts = new Map(rows.map(({ id }): [string, AttemptRecord[]] => [id, []]))
  const found = await db
    .selectFrom('attempt')
    .selectAll()
    .where('message_id', 'in', [...attempts.keys()])
    .orderBy('number')
    .execute()
  for (const { message_id, number, begun_at, ended_at, outcome, status, code, reason } of found) {
    attempts.get(message_id)?.push({ number, begunAt: begun_at, endedAt: ended_at, outcome, status, code, reason })
  }
  return rows.map((row) => ({
    id: row.id,
    wire: row.wire,
    state: row.state,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    nextAttemptAt: row.due_at,
    wiped: row.body === null,
    answer: sealedIn(row.answer, row.answer_key),
    attempts: attempts.get(row.id) ?? [],
  }))
}
