import { sql, type Kysely } from 'kysely'

/**
 * When waiting rows, leases and the pause were written, so that a clock that was ahead for a moment leaves nothing waiting; what one probe
 * among all gateways needs; and the last heartbeat by a clock that was trusted. A gateway of the version before leaves all of it empty.
 */
export async function clock(db: Kysely<unknown>): Promise<void> {
  const statements = [
    sql`alter table message add column due_set_at bigint`,
    sql`create index message_due_set on message (due_set_at) where state = 'queued' and due_at is not null`,
    sql`alter table user_grant add column lease_set_at bigint`,
    sql`alter table pause add column set_at bigint`,
    sql`alter table pause add column wait_ms bigint not null default 0`,
    sql`alter table pause add column unconfirmed integer not null default 0`,
    sql`alter table pause add column probe_id text`,
    sql`alter table pause add column probe_until bigint`,
    sql`alter table pause add column probe_due bigint`,
    sql`create table clock (id integer primary key, heard_at bigint not null)`,
  ]
  for (const statement of statements) await statement.execute(db)
}
