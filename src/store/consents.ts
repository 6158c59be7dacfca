import { sql } from 'kysely'
import type { ConsentStore, TakenConsent } from './consent-store.ts'
import type { Database } from './database.ts'
import type { Sealed } from './store.ts'

/** Walks that nobody has finished; more would be somebody's mistake, or worse, and must not fill the disk. */
const MAX_CONSENTS = 100_000

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
  { id, state, content, openMs }: Parameters<ConsentStore['addConsent']>[0],
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into consent (id, state, content, content_key, expires_at)
    select ${id}, ${state}, ${content.bytes}, ${content.keyId}, ${after(now, openMs)}
    where (select count(*) from consent where expires_at > ${now}) < ${sql.lit(MAX_CONSENTS)}`.execute(db)
  return Number(numAffectedRows) === 1
}

export async function openConsent(
  { db, now }: Database,
  id: string,
  browser: string,
  walkMs: number,
): Promise<Sealed | undefined> {
  const row = await db
    .updateTable('consent')
    .set({ browser, expires_at: after(now, walkMs) })
    .where('id', '=', id)
    .where('browser', 'is', null)
    .where('expires_at', '>', now)
    .returning(['content', 'content_key'])
    .executeTakeFirst()
  return row && sealedIn(row)
}

export async function takeConsent({ db, now }: Database, state: string, browser: string): Promise<TakenConsent> {
  const row = await db
    .deleteFrom('consent')
    .where('state', '=', state)
    .where('browser', '=', browser)
    .where('expires_at', '>', now)
    .returning(['id', 'content', 'content_key'])
    .executeTakeFirst()
  if (row !== undefined) return { kind: 'taken', id: row.id, content: sealedIn(row) }
  const other = await db
    .selectFrom('consent')
    .select('id')
    .where('state', '=', state)
    .where('browser', 'is not', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return { kind: other === undefined ? 'none' : 'other_browser' }
}

/** A point in time by the database's clock. */
export function after(now: Database['now'], ms: number) {
  return sql<number>`${now} + cast(${Math.round(ms)} as bigint)`
}
