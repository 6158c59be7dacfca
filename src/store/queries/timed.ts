import { sql } from 'kysely'
import { KEEP_CONTENT_MS } from '../store.ts'
import { insertMessages } from './accept.ts'
import { advanceConversations, findBusyConversation } from './attempts.ts'
import type { Row } from './claim.ts'
import { OPEN_IN_LINE, sealedIn, type Database, type Query } from './database.ts'

/** The condition of the partial index `message_not_after`. */
const MAY_EXPIRE = sql<boolean>`not_after is not null and state in ('queued', 'timed')`

/** Whether a message may still be sent. */
export function isNotExpired({ now }: Pick<Database, 'now'>) {
  return sql<boolean>`(not_after is null or not_after > ${now})`
}

export const findDueTimes: Query<'findDueTimes'> = async (database, limit) => {
  const { db, now } = database
  const timed = await sql<Row>`
    select * from message where state = 'timed' and due_at <= ${now} and ${isNotExpired(database)}
    order by due_at, seq limit ${limit}`.execute(db)
  const expired = await sql<Row>`
    select * from message where ${MAY_EXPIRE} and not_after <= ${now} order by not_after limit ${limit}`.execute(db)
  const next = await sql<{ ms: number | null }>`
    select min(at) - ${now} as ms from (
      select (select due_at from message where state = 'timed' order by due_at, seq limit 1) as at
      union all select (select not_after from message where ${MAY_EXPIRE} order by not_after limit 1)
    ) times`.execute(db)
  const ms = next.rows[0]?.ms ?? undefined
  return {
    timed: timed.rows.map(({ id, conversation, body, body_key }) => ({
      id,
      conversation,
      body: sealedIn(body, body_key),
    })),
    expired: expired.rows.map(({ id, caller, wire, conversation, request_id, attempts, body, body_key }) => ({
      id,
      caller,
      wire,
      conversation,
      requestId: request_id,
      attempts,
      body: sealedIn(body, body_key),
    })),
    nextInMs: ms === undefined ? undefined : Math.max(ms, 0),
  }
}

export const queueTimed: Query<'queueTimed'> = (database, messages) =>
  database.write(async (trx) => {
    await trx.lockConversations(
      trx.db,
      messages.flatMap(({ conversations }) => conversations),
    )
    for (const { id, conversations } of messages) await enterLine(trx, id, conversations)
  })

/** A conversation has at most one message that is due or being sent, and one that does has any if it has open messages at all. */
async function enterLine(trx: Database, id: string, names: readonly [string, ...string[]]): Promise<void> {
  const busy = await findBusyConversation(trx, names)
  const conversation = busy ?? names[0]
  const queued = await trx.db
    .updateTable('message')
    .set({ state: 'queued', conversation, due_at: null, due_set_at: null })
    .where('id', '=', id)
    .where('state', '=', 'timed')
    .returning('seq')
    .executeTakeFirst()
  if (queued === undefined) return
  if (busy !== undefined && !(await holdNotBegun(trx, conversation, queued.seq))) return
  await trx.db.updateTable('message').set({ due_at: trx.now, due_set_at: trx.now }).where('id', '=', id).execute()
}

/** Lets the message that is due wait, if it was accepted later and no attempt has begun for it. @returns whether it waits now */
async function holdNotBegun({ db }: Database, conversation: string, seq: number): Promise<boolean> {
  const held = await db
    .updateTable('message')
    .set({ due_at: null, due_set_at: null })
    .where('conversation', '=', conversation)
    .where(OPEN_IN_LINE)
    .where('state', '=', 'queued')
    .where('due_at', 'is not', null)
    .where('attempts', '=', 0)
    .where('seq', '>', seq)
    .returning('id')
    .execute()
  return held.length > 0
}

export const endExpired: Query<'endExpired'> = (database, messages) =>
  database.write(async (trx) => {
    await trx.lockConversations(
      trx.db,
      messages.map(({ conversation }) => conversation),
    )
    const ended = []
    for (const { id, conversation, notices } of messages) {
      const row = await lockExpired(trx, id, conversation)
      if (row === undefined) continue
      // An earlier attempt may have delivered it.
      const state = row.unsure === 1 ? ('unknown' as const) : ('expired' as const)
      const wipeAt = sql<number>`${trx.now} + ${sql.lit(KEEP_CONTENT_MS)}`
      await trx.db
        .updateTable('message')
        .set({ state, due_at: null, finished_at: trx.now, wipe_at: wipeAt })
        .where('id', '=', id)
        .execute()
      if (row.state === 'queued' && row.due_at !== null) await advanceConversations(trx, [conversation])
      if (notices) await insertMessages(trx, [notices[state]])
      ended.push({ id, state })
    }
    return ended
  })

/** Undefined when it is being sent, has ended, or is in a conversation of another name by now. */
function lockExpired({ db, now, kind }: Database, id: string, conversation: string): Promise<Row | undefined> {
  return db
    .selectFrom('message')
    .selectAll()
    .where('id', '=', id)
    .where('conversation', '=', conversation)
    .where(MAY_EXPIRE)
    .where('not_after', '<=', now)
    .$if(kind === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()
}
