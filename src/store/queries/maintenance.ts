import { sql } from 'kysely'
import { OPEN_IN_LINE, type Database } from './database.ts'
import { CLOCK_TOLERANCE_MS, KEEP_CONTENT_MS, KEEP_KEY_MS, type ClockReading } from '../store.ts'

/** No click and no authorization flow is kept for longer. */
const KEEP_FLOW_MS = 15 * 60 * 1000

/** How long the row of a gateway is kept after its lease has ended. */
const FORGET_GATEWAY_MS = 24 * 60 * 60 * 1000

/** Longer than any wait between two tries. */
const FORGET_NOTICE_MS = 24 * 60 * 60 * 1000

export async function wipe({ db, now }: Database, limit: number): Promise<number> {
  const due = db
    .selectFrom('message')
    .select('seq')
    .where(sql<boolean>`wipe_at is not null and wipe_at <= ${now}`)
    .limit(limit)
  const { numUpdatedRows } = await db
    .updateTable('message')
    .set({ body: null, body_key: null, wipe_at: null })
    .where('seq', 'in', due)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

export async function purge({ db, now }: Database, retentionMs: number, limit: number): Promise<number> {
  const old = db
    .selectFrom('message')
    .select('seq')
    .where(sql<boolean>`finished_at is not null and finished_at <= ${now} - cast(${retentionMs} as bigint)`)
    .limit(limit)
  const messages = await db.deleteFrom('message').where('seq', 'in', old).executeTakeFirst()
  const expired = db
    .selectFrom('idempotency')
    .select(['message_id'])
    .where(sql<boolean>`expires_at <= ${now}`)
    .limit(limit)
  const keys = await db.deleteFrom('idempotency').where('message_id', 'in', expired).executeTakeFirst()
  // Status webhooks that are left over since the webhook was removed from the configuration.
  const unwanted = db
    .selectFrom('message')
    .select('seq')
    .where(OPEN_IN_LINE)
    .where('wire', '=', 'webhook')
    .where('state', '=', 'queued')
    .where(sql<boolean>`give_up_at <= ${now} - ${sql.lit(FORGET_NOTICE_MS)}`)
    .limit(limit)
  const notices = await db.deleteFrom('message').where('seq', 'in', unwanted).executeTakeFirst()
  await db
    .deleteFrom('gateway')
    .where(sql<boolean>`lease_until <= ${now} - ${sql.lit(FORGET_GATEWAY_MS)}`)
    .execute()
  return Number(messages.numDeletedRows + keys.numDeletedRows + notices.numDeletedRows)
}

export async function backlog({
  db,
  now,
}: Database): Promise<{ caller: string; messages: number; oldestMs: number }[]> {
  return db
    .selectFrom('message')
    .select(({ fn }) => [
      'caller',
      fn.countAll<number>().as('messages'),
      sql<number>`${now} - min(created_at)`.as('oldestMs'),
    ])
    .where(OPEN_IN_LINE)
    .where('wire', '<>', 'webhook')
    .groupBy('caller')
    .execute()
}

/** Each condition stands twice: a row that is given new time while the batch is chosen is looked at again before it goes. */
export async function expire({ db, now }: Database, limit: number): Promise<number> {
  let gone = 0
  for (const [table, time] of [
    ['click', 'expires_at'],
    ['consent', 'expires_at'],
    ['user_grant', 'ends_at'],
  ] as const) {
    const { numAffectedRows } = await sql`
      delete from ${sql.table(table)} where id in (
        select id from ${sql.table(table)} where ${sql.ref(time)} <= ${now} limit ${limit}
      ) and ${sql.ref(time)} <= ${now}`.execute(db)
    gone += Number(numAffectedRows)
  }
  const isOver = sql<boolean>`previous_until is not null and previous_until <= ${now}`
  const former = db.selectFrom('user_grant').select('id').where(isOver).limit(limit)
  const { numUpdatedRows } = await db
    .updateTable('user_grant')
    .set({ previous: null, previous_key: null, previous_until: null })
    .where('id', 'in', former)
    .where(isOver)
    .executeTakeFirst()
  return gone + Number(numUpdatedRows)
}

export async function countGrants({ db, now }: Database): Promise<number> {
  const row = await db
    .selectFrom('user_grant')
    .select(({ fn }) => fn.countAll<number>().as('grants'))
    .where('ends_at', '>', now)
    .executeTakeFirst()
  return row?.grants ?? 0
}

export async function readClock({ db, now }: Database): Promise<ClockReading> {
  const { rows } = await sql<ClockReading>`
    select ${now} as "nowMs", (select heard_at from clock where id = 1) as "heardAtMs"`.execute(db)
  const [reading] = rows
  if (reading === undefined) throw new Error('a select without from answered no row')
  return reading
}

export async function confirmClock({ db, now }: Database): Promise<void> {
  await db
    .insertInto('clock')
    .values({ id: 1, heard_at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ heard_at: now }))
    .execute()
}

/** Gives what was written by a clock that was ahead the time that it would have by today's. */
export async function correctFutureTimes({ db, now }: Database): Promise<number> {
  const late = sql`${now} + ${sql.lit(CLOCK_TOLERANCE_MS)}`
  const clamp = (table: string, column: string, keptMs: number) => sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${now} + ${sql.lit(keptMs)}
    where ${sql.ref(column)} > ${late} + ${sql.lit(keptMs)}`
  const statements = [
    clamp('message', 'wipe_at', KEEP_CONTENT_MS),
    clamp('message', 'finished_at', 0),
    clamp('idempotency', 'expires_at', KEEP_KEY_MS),
    clamp('click', 'expires_at', KEEP_FLOW_MS),
    clamp('consent', 'expires_at', KEEP_FLOW_MS),
    sql`update pause set until = ${now}, set_at = ${now}, unconfirmed = 0, probe_id = null, probe_until = null, probe_due = null
      where set_at > ${late}`,
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
