import { sql, type Kysely } from 'kysely'
import type { DatabaseKind } from '../store.ts'

/** A link of consent may be opened more than once: each opening has its own state and browser. */
export async function consentOpenings(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const bytes = sql.raw(kind === 'postgres' ? 'bytea' : 'blob')
  const statements = [
    sql`alter table consent add column begun_by text`,
    sql`alter table consent add column link_until bigint`,
    sql`create index consent_begun_by on consent (begun_by, expires_at) where begun_by is not null`,
    sql`create table consent_opening (
      state text primary key,
      consent_id text not null references consent (id) on delete cascade,
      number integer not null,
      browser text not null,
      content ${bytes},
      content_key text,
      expires_at bigint not null
    )`,
    sql`create index consent_opening_consent on consent_opening (consent_id, number)`,
  ]
  for (const statement of statements) await statement.execute(db)
}
