import { sql } from 'kysely'
import type { Database } from './database.ts'
import type { ClockReading } from '../store.ts'

/** A row that was written this much later than now was written by a clock that was ahead. Less is what clocks are corrected by. */
export const CLOCK_TOLERANCE_MS = 5000
/** How long an idempotency key is kept. */
export const KEEP_KEY_MS = 24 * 60 * 60 * 1000
/** Until when a message that ended otherwise than delivered can be retried. */
export const KEEP_CONTENT_MS = 24 * 60 * 60 * 1000
/** No click and no authorization flow is kept for longer. */
const KEEP_FLOW_MS = 15 * 60 * 1000

/** Whether a time was written by a clock that was ahead. */
export function isWrittenLater({ now }: Pick<Database, 'now'>, column: string) {
  return sql<boolean>`${sql.ref(column)} > ${now} + ${sql.lit(CLOCK_TOLERANCE_MS)}`
}

/**
 * Whether a time is over, by the clock and by what it said when it was last trusted: a clock that has just jumped ahead ends nothing.
 */
export function hasPassed({ now }: Pick<Database, 'now'>, column: string) {
  const at = sql.ref(column)
  return sql<boolean>`(${at} <= ${now} and ${at} <= coalesce((select heard_at from clock where id = 1), 0))`
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
export async function mendTimes({ db, now }: Database): Promise<number> {
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
