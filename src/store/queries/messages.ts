import type { AttemptRecord, Changed, MessageRecord, MessageState, Waits } from '../store.ts'
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

export const readBody: Query<'readBody'> = async (database, caller, id) => {
  const row = await rowOf(database, caller, id)
  return row && sealedIn(row.body, row.body_key)
}

export const retry: Query<'retry'> = (database, caller, id, tryForMs, conversations = []) =>
  change(database, caller, id, conversations, async (trx, row) => {
    const { now } = trx
    if (row.state === 'queued' && row.due_at !== null) {
      await trx.db
        .updateTable('message')
        .set({ due_at: now, due_set_at: now, not_after: null })
        .where('id', '=', id)
        .execute()
      return 'queued'
    }
    if (row.finished_at === null || row.body === null) return undefined
    await requeue(trx, row, tryForMs, conversations)
    return 'queued'
  })

/** Queues a message again that has ended, behind those that are queued. Its conversation must be locked under all of its names. */
export async function requeue(
  trx: Database,
  row: Row,
  tryForMs: number,
  conversations: readonly string[],
): Promise<void> {
  const { now, nextSeq } = trx
  const names = [...conversations, row.conversation]
  const busy = await findBusyConversation(trx, names)
  const dueAt = busy === undefined ? now : null
  await trx.db
    .updateTable('message')
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
      not_before: null,
      not_after: null,
    })
    .where('id', '=', row.id)
    .execute()
}

export const cancel: Query<'cancel'> = (database, caller, id, notices) =>
  change(database, caller, id, [], async (trx, row) => {
    if (row.state !== 'queued' && row.state !== 'timed') return undefined
    // An earlier attempt may have delivered it.
    const state = row.unsure === 1 ? 'unknown' : 'cancelled'
    await trx.db
      .updateTable('message')
      .set({ state, due_at: null, finished_at: trx.now, body: null, body_key: null })
      .where('id', '=', id)
      .execute()
    if (row.state === 'queued' && row.due_at !== null) await advanceConversations(trx, [row.conversation])
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
    return { kind: 'wrong_state', state: shownState(row), wiped: row.body === null, waits: waitsFor(row) }
  })
}

function shownState({ state }: Row): MessageState {
  return state === 'timed' ? 'queued' : state
}

function waitsFor({ state, due_at: dueAt }: Row): Waits {
  if (state === 'timed') return 'time'
  return state === 'queued' && dueAt === null ? 'line' : false
}

/** By the id alone: PostgreSQL could use the index of callers instead, and read all rows of a caller that its statistics do not know. */
export async function rowOf(
  { db, kind }: Database,
  caller: string,
  id: string,
  { lock = false } = {},
): Promise<Row | undefined> {
  const row = await db
    .selectFrom('message')
    .selectAll()
    .where('id', '=', id)
    .$if(lock && kind === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()
  return row?.caller === caller && row.wire !== 'webhook' ? row : undefined
}

export async function withAttempts({ db }: Database, rows: readonly Row[]): Promise<MessageRecord[]> {
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
    caller: row.caller,
    wire: row.wire,
    state: shownState(row),
    createdAt: row.created_at,
    notBefore: row.not_before,
    expiresAt: row.not_after,
    finishedAt: row.finished_at,
    nextAttemptAt: row.due_at,
    wiped: row.body === null,
    answer: sealedIn(row.answer, row.answer_key),
    attempts: attempts.get(row.id) ?? [],
  }))
}
