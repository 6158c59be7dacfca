import { sql } from 'kysely'
import type { ConsentStore } from '../consent-store.ts'
import type { Database } from './database.ts'
import type { Sealed } from '../store.ts'

/** A column that is stored sealed, as it comes out of the database. */
export type SealedColumns = { content: Uint8Array; content_key: string }

export function sealedIn({ content, content_key: keyId }: SealedColumns): Sealed {
  return { keyId, bytes: content }
}

export async function keepClick({ db, now }: Database, id: string, content: Sealed, keepMs: number): Promise<void> {
  const values = { content: content.bytes, content_key: content.keyId, expires_at: after(now, keepMs) }
  await db
    .insertInto('click')
    .values({ id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}

export async function findClick({ db, now }: Database, id: string): Promise<Sealed | undefined> {
  const row = await db
    .selectFrom('click')
    .select(['content', 'content_key'])
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row && sealedIn(row)
}

export async function addConsent(
  { db, now }: Database,
  { id, state, content, openMs, begunBy, room }: Parameters<ConsentStore['addConsent']>[0],
): Promise<boolean> {
  const until = after(now, openMs)
  const { numAffectedRows } = await sql`
    insert into consent (id, state, content, content_key, expires_at, begun_by, link_until)
    select ${id}, ${state}, ${content.bytes}, ${content.keyId}, ${until}, ${begunBy}, ${until}
    where (select count(*) from consent where begun_by = ${begunBy} and expires_at > ${now}) < ${sql.lit(room)}`.execute(
    db,
  )
  return Number(numAffectedRows) === 1
}

/** A point in time by the database's clock. */
export function after(now: Database['now'], ms: number) {
  return sql<number>`${now} + cast(${Math.round(ms)} as bigint)`
}
