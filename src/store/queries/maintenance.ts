import { sql } from 'kysely'
import { CLOCK_TOLERANCE_MS, COMPANY_WIRES, KEEP_CONTENT_MS, KEEP_KEY_MS, type ClockReading } from '../store.ts'
import { after, hasNotPassed, hasPassed, OPEN_IN_LINE, trustedNow, type Query } from './database.ts'

/** Clicks and authorization flows are kept for at most this long. */
const KEEP_FLOW_MS = 15 * 60 * 1000

/** How long the row of a gateway is kept after its lease has ended. */
const FORGET_GATEWAY_MS = 24 * 60 * 60 * 1000

/** Longer than any time between two attempts. */
const FORGET_NOTICE_MS = 24 * 60 * 60 * 1000

// Each batch is taken in the order of an index: PostgreSQL does not know how few rows are due, and could read the whole table otherwise.

export const wipe: Query<'wipe'> = async (database, limit) => {
  const { db } = database
  const due = db
    .selectFrom('message')
    .select('seq')
    .where('wipe_at', 'is not', null)
    .where(hasPassed(database, 'wipe_at'))
    .orderBy('wipe_at')
    .limit(limit)
  const wiped = db.updateTable('message').set({ body: null, body_key: null, wipe_at: null }).where('seq', 'in', due)
  return Number((await wiped.executeTakeFirst()).numUpdatedRows)
}

export const purge: Query<'purge'> = async (database, retentionMs, limit) => {
  const { db } = database
  const isAgo = (column: string, ms: number) => sql<boolean>`${sql.ref(column)} <= ${after(trustedNow(database), -ms)}`
  const old = db
    .selectFrom('message')
    .select('seq')
    .where('finished_at', 'is not', null)
    .where(isAgo('finished_at', retentionMs))
    .orderBy('finished_at')
    .limit(limit)
  const messages = await db.deleteFrom('message').where('seq', 'in', old).executeTakeFirst()
  const expired = db
    .selectFrom('idempotency')
    .select('message_id')
    .where(hasPassed(database, 'expires_at'))
    .orderBy('expires_at')
    .limit(limit)
  const keys = await db.deleteFrom('idempotency').where('message_id', 'in', expired).executeTakeFirst()
  const deleted = Number(messages.numDeletedRows + keys.numDeletedRows)
  // What follows reads all that waits, so it is left to the last batch of a round.
  if (deleted >= limit) return deleted
  // Notices and events that were queued before their receiver was removed from the configuration.
  const unwanted = db
    .selectFrom('message')
    .select('seq')
    .where(OPEN_IN_LINE)
    .where('wire', 'in', COMPANY_WIRES)
    .where('state', '=', 'queued')
    .where(isAgo('give_up_at', FORGET_NOTICE_MS))
    .limit(limit)
  const notices = await db.deleteFrom('message').where('seq', 'in', unwanted).executeTakeFirst()
  await db.deleteFrom('gateway').where(isAgo('lease_until', FORGET_GATEWAY_MS)).execute()
  return deleted + Number(notices.numDeletedRows)
}

/** Selects first and groups then: SQLite would read all messages in the order of their callers otherwise. */
export const backlog: Query<'backlog'> = ({ db, now }) =>
  db
    .with(
      (cte) => cte('open').materialized(),
      (query) =>
        query
          .selectFrom('message')
          .select([
            'caller',
            sql<number | null>`case when not_before > created_at then not_before else created_at end`.as('since'),
            sql<number>`length(body)`.as('bytes'),
          ])
          .where(OPEN_IN_LINE)
          .where('wire', '<>', 'webhook')
          .unionAll(
            query
              .selectFrom('message')
              .select(['caller', sql<number | null>`null`.as('since'), sql<number>`length(body)`.as('bytes')])
              .where(sql<boolean>`state = 'timed'`),
          ),
    )
    .selectFrom('open')
    .select([
      'caller',
      sql<number>`count(*)`.as('messages'),
      sql<number>`cast(coalesce(sum(bytes), 0) as bigint)`.as('bytes'),
      sql<number>`coalesce(${now} - min(since), 0)`.as('oldestMs'),
    ])
    .groupBy('caller')
    .execute()

/** Checks each condition twice: a row may be renewed between its selection and its deletion. */
export const expire: Query<'expire'> = async (database, limit) => {
  const { db } = database
  let gone = 0
  for (const [table, time] of [
    ['click', 'expires_at'],
    ['consent', 'expires_at'],
    ['user_grant', 'ends_at'],
  ] as const) {
    const isOver = hasPassed(database, time)
    const { numAffectedRows } = await sql`
      delete from ${sql.table(table)} where id in (
        select id from ${sql.table(table)} where ${isOver} limit ${limit}
      ) and ${isOver}`.execute(db)
    gone += Number(numAffectedRows)
  }
  const isOver = sql<boolean>`previous_until is not null and ${hasPassed(database, 'previous_until')}`
  const { numUpdatedRows } = await db
    .updateTable('user_grant')
    .set({ previous: null, previous_key: null, previous_until: null })
    .where('id', 'in', db.selectFrom('user_grant').select('id').where(isOver).limit(limit))
    .where(isOver)
    .executeTakeFirst()
  return gone + Number(numUpdatedRows)
}

export const countGrants: Query<'countGrants'> = async (database) => {
  const { grants } = await database.db
    .selectFrom('user_grant')
    .select(({ fn }) => fn.countAll<number>().as('grants'))
    .where(hasNotPassed(database, 'ends_at'))
    .where('erased_at', 'is', null)
    .executeTakeFirstOrThrow()
  return grants
}

export const readClock: Query<'readClock'> = ({ db, now }) =>
  db
    .selectNoFrom([
      now.as('nowMs'),
      sql<ClockReading['lastTrustedMs']>`(select heard_at from clock where id = 1)`.as('lastTrustedMs'),
    ])
    .executeTakeFirstOrThrow()

export const confirmClock: Query<'confirmClock'> = async ({ db }, nowMs) => {
  await db
    .insertInto('clock')
    .values({ id: 1, heard_at: nowMs })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ heard_at: nowMs }))
    .execute()
}

export const correctFutureTimes: Query<'correctFutureTimes'> = async ({ db, now: clock }) => {
  // If the clock has jumped back since it was confirmed, times are compared with the confirmed reading.
  const now = sql<number>`(select case when heard_at > ${clock} then heard_at else ${clock} end from (
    select max(heard_at) as heard_at from clock) trusted)`
  const late = sql`${now} + ${sql.lit(CLOCK_TOLERANCE_MS)}`
  const clamp = (table: string, column: string, keptMs: number) => sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${now} + ${sql.lit(keptMs)}
    where ${sql.ref(column)} > ${late} + ${sql.lit(keptMs)}`
  const statements = [
    clamp('message', 'wipe_at', KEEP_CONTENT_MS),
    clamp('message', 'finished_at', 0),
    clamp('timeline', 'at', 0),
    clamp('idempotency', 'expires_at', KEEP_KEY_MS),
    clamp('click', 'expires_at', KEEP_FLOW_MS),
    clamp('consent', 'expires_at', KEEP_FLOW_MS),
    sql`update pause set until = ${now}, set_at = ${now}, unconfirmed = 0, probe_id = null, probe_until = null, probe_due = null
      where set_at > ${late}`,
    sql`update subscription set due_at = ${now}, due_set_at = ${now} where due_set_at > ${late} and due_at is not null`,
    sql`update user_grant set
        access_until = access_until - (refreshed_at - ${now}),
        refresh_until = refresh_until - (refreshed_at - ${now}),
        previous_until = previous_until - (refreshed_at - ${now}),
        ends_at = ends_at - (refreshed_at - ${now}),
        refreshed_at = ${now}
      where refreshed_at > ${late}`,
  ]
  let mended = 0
  for (const statement of statements) mended += Number((await statement.execute(db)).numAffectedRows ?? 0)
  return mended
}
