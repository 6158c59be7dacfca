import { sql, type Kysely } from 'kysely'

/** Sends to Divar in slices of time, which keep the queued messages of all gateways under the app's limits. */
export async function pacing(db: Kysely<unknown>): Promise<void> {
  await sql`create table pacing (
    span_ms bigint not null,
    starts_at bigint not null,
    sends bigint not null,
    primary key (span_ms, starts_at)
  )`.execute(db)
}
