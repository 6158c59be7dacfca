import { sql } from 'kysely'
import type { ContentSet, Erased, StoredContent } from '../erasure-store.ts'
import type { Row } from './claim.ts'
import { OPEN_IN_LINE, sealedIn, type Database, type Query } from './database.ts'
import { selectGrants } from './grants.ts'
import { cancel } from './messages.ts'

export const endGrants: Query<'endGrants'> = ({ write }, macs, afterSeq, limit) =>
  write(async (trx) => {
    const named = sql`id in (select grant_id from grant_name where name in (${sql.join(macs)}))`
    const grants = await selectGrants(trx, sql`${named} and seq > ${afterSeq} order by seq limit ${limit}`)
    const ids = grants.map(({ id }) => id)
    if (ids.length === 0) return []
    const ended = await trx.db
      .updateTable('user_grant')
      .set({ erased_at: trx.now })
      .where('id', 'in', ids)
      .where('erased_at', 'is', null)
      .returning('id')
      .execute()
    const endedNow = new Set(ended.map(({ id }) => id))
    return grants.map((grant) => ({ ...grant, isEndedNow: endedNow.has(grant.id) }))
  })

export const deleteEndedGrants: Query<'deleteEndedGrants'> = async ({ db }, ids) => {
  if (ids.length === 0) return
  await db
    .deleteFrom('user_grant')
    .where('id', 'in', [...ids])
    .where('erased_at', 'is not', null)
    .execute()
}

export const findConsents: Query<'findConsents'> = async ({ db }, afterId, limit) => {
  const rows = await db
    .selectFrom('consent')
    .select(['id', 'content', 'content_key'])
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id, content, content_key }) => ({ id, content: sealedIn(content, content_key) }))
}

export const deleteConsents: Query<'deleteConsents'> = async ({ db }, ids) => {
  if (ids.length === 0) return 0
  const { numDeletedRows } = await db
    .deleteFrom('consent')
    .where('id', 'in', [...ids])
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export const findContents: Query<'findContents'> = async ({ db }, set, after, limit) => {
  const { rows } = await sql<Row>`
    select * from message where ${conditionOf(set, after)} and wire in ('v1', 'v2', 'bot', 'event') and body_key is not null
    order by ${ORDERS[set]} limit ${limit}`.execute(db)
  return rows.flatMap((row) => {
    const { id, caller, wire, conversation, request_id: requestId, attempts } = row
    const body = sealedIn(row.body, row.body_key)
    const position = { conversation, dueAt: row.due_at, wipeAt: row.wipe_at, seq: row.seq }
    return body === undefined ? [] : [{ id, caller, wire, conversation, requestId, attempts, body, position }]
  })
}

/** The orders of the indexes `message_timed`, `message_line` and `message_wipe`. Few messages are being sent; by `seq`, SQLite would read all messages. */
const ORDERS = {
  timed: sql`due_at, seq`,
  open: sql`conversation, seq`,
  sending: sql`+seq`,
  ended: sql`wipe_at, seq`,
} satisfies Record<ContentSet, unknown>

function conditionOf(set: ContentSet, after: StoredContent['position'] | undefined) {
  switch (set) {
    case 'timed':
      return after === undefined
        ? sql`state = 'timed'`
        : sql`state = 'timed' and (due_at, seq) > (${after.dueAt}, ${after.seq})`
    case 'open':
      return after === undefined
        ? OPEN_IN_LINE
        : sql`${OPEN_IN_LINE} and (conversation, seq) > (${after.conversation}, ${after.seq})`
    case 'sending':
      return sql`state = 'sending' and in_line = 0 and +seq > ${after?.seq ?? 0}`
    case 'ended':
      return after === undefined
        ? sql`wipe_at is not null`
        : sql`wipe_at is not null and (wipe_at, seq) > (${after.wipeAt}, ${after.seq})`
  }
}

export const eraseMessages: Query<'eraseMessages'> = (database, erasures) =>
  database.write(async (trx) => {
    // All at once, since a fixed order prevents deadlocks.
    await trx.lockConversations(
      trx.db,
      erasures.map(({ conversation }) => conversation),
    )
    const erased: Erased[] = []
    for (const { id, caller, notices } of erasures) {
      const changed = await cancel(trx, caller, id, notices)
      if (changed?.kind === 'changed') erased.push({ id, result: 'ended' })
      else if (changed?.state === 'sending') erased.push({ id, result: 'sending' })
      else erased.push({ id, result: changed?.wiped === false && (await wipeEnded(trx, id)) ? 'wiped' : 'gone' })
    }
    return erased
  })

async function wipeEnded({ db }: Database, id: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('message')
    .set({ body: null, body_key: null, wipe_at: null })
    .where('id', '=', id)
    .where('finished_at', 'is not', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) === 1
}
