import { sql, type Kysely } from 'kysely'
import { insertMessages } from './accept.ts'
import { findBusyConversation, advanceConversations } from './attempts.ts'
import { bodyIn, type Row } from './claim.ts'
import type { Database } from './database.ts'
import type { Schema } from '../schema.ts'
import {
  MESSAGE_STATES,
  type AttemptRecord,
  type CancelNotices,
  type Changed,
  type MessagePage,
  type MessageRecord,
  type MessageState,
  type MessageStore,
  type Sealed,
} from '../store.ts'

export async function find({ db }: Database, caller: string, id: string): Promise<MessageRecord | undefined> {
  const row = await rowOf(db, caller, id)
  if (row === undefined) return undefined
  const [record] = await withAttempts(db, [row])
  return record
}

export async function list(
  { db }: Database,
  caller: string,
  { state, cursor, limit }: Parameters<MessageStore['list']>[1],
): Promise<MessagePage> {
  // Each state is a range of the index, however much the others hold; one statement, in which no message changes from one to another.
  const older = cursor === undefined ? sql`` : sql`and seq < ${cursor}`
  const pages = (state === undefined ? MESSAGE_STATES : [state]).map(
    (one) => sql`select seq from (
      select seq from message where caller = ${caller} and state = ${one} and wire <> 'webhook' ${older}
      order by seq desc limit ${limit + 1}
    ) page`,
  )
  const found = sql<Row>`
    select * from message where seq in (${sql.join(pages, sql` union all `)}) order by seq desc limit ${limit + 1}`
  const { rows } = await found.execute(db)
  const shown = rows.slice(0, limit)
  return {
    messages: await withAttempts(db, shown),
    nextCursor: rows.length > limit ? shown.at(-1)?.seq : undefined,
  }
}

export async function readBody({ db }: Database, caller: string, id: string): Promise<Sealed | undefined> {
  const row = await rowOf(db, caller, id)
  return row && bodyIn(row)
}

export function retry(
  database: Database,
  caller: string,
  id: string,
  tryForMs: number,
  conversations: readonly string[] = [],
): Promise<Changed | undefined> {
  return change(database, caller, id, conversations, async (trx, row) => {
    const { now } = database
    if (row.state === 'queued' && row.due_at !== null) {
      await trx.updateTable('message').set({ due_at: now, due_set_at: now }).where('id', '=', id).execute()
      return 'queued'
    }
    if (row.finished_at === null || row.body === null) return undefined
    const names = [...conversations, row.conversation]
    const busy = await findBusyConversation(trx, names)
    await trx
      .updateTable('message')
      .set({
        seq: database.nextSeq,
        state: 'queued',
        in_line: 1,
        conversation: busy ?? names[0] ?? row.conversation,
        due_at: busy === undefined ? now : null,
        due_set_at: busy === undefined ? now : null,
        give_up_at: sql<number>`${now} + cast(${tryForMs} as bigint)`,
        finished_at: null,
        wipe_at: null,
      })
      .where('id', '=', id)
      .execute()
    return 'queued'
  })
}

export function cancel(
  database: Database,
  caller: string,
  id: string,
  notices?: CancelNotices,
): Promise<Changed | undefined> {
  return change(database, caller, id, [], async (trx, row) => {
    if (row.state !== 'queued') return undefined
    // An earlier attempt may have delivered it.
    const state = row.unsure === 1 ? 'unknown' : 'cancelled'
    await trx
      .updateTable('message')
      .set({ state, due_at: null, finished_at: database.now, body: null, body_key: null })
      .where('id', '=', id)
      .execute()
    await advanceConversations(database, trx, [row.conversation])
    if (notices) await insertMessages(database, trx, [notices[state]])
    return state
  })
}

/** Changes one message of a caller under locks, in the order that prevents deadlocks: the conversation, then its rows. */
function change(
  database: Database,
  caller: string,
  id: string,
  lines: readonly string[],
  act: (trx: Kysely<Schema>, row: Row) => Promise<MessageState | undefined>,
): Promise<Changed | undefined> {
  return database.write(async (trx) => {
    const seen = await rowOf(trx, caller, id)
    if (seen === undefined) return undefined
    await database.lockConversations(trx, [seen.conversation, ...lines])
    const row = await rowOf(trx, caller, id, database.kind === 'postgres')
    if (row === undefined) return undefined
    const state = await act(trx, row)
    if (state !== undefined) return { kind: 'changed', state }
    const waits = row.state === 'queued' && row.due_at === null
    return { kind: 'wrong_state', state: row.state, wiped: row.body === null, waits }
  })
}

function rowOf(db: Kysely<Schema>, caller: string, id: string, lock = false): Promise<Row | undefined> {
  const query = db
    .selectFrom('message')
    .selectAll()
    .where('id', '=', id)
    .where('caller', '=', caller)
    .where('wire', '<>', 'webhook')
  return (lock ? query.forUpdate() : query).executeTakeFirst()
}

async function withAttempts(db: Kysely<Schema>, rows: readonly Row[]): Promise<MessageRecord[]> {
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
    attempts: attempts.get(row.id) ?? [],
  }))
}
