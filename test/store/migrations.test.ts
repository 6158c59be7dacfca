import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import SqliteFile from 'better-sqlite3'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import pg from 'pg'
import { botAnswer, clock, consent, consentOpenings, outbox } from '../../src/store/migrations.ts'
import type { DatabaseKind } from '../../src/store/store.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { claimedOne, closeStore, inFile, newMessage, openAt } from '../support/stores.ts'

/**
 * What each released migration adds to what those before it have made, for ever: a database that has had it does not get it again. Another schema is
 * another migration.
 */
const RELEASED = {
  '0001-outbox': {
    up: outbox,
    columns: [
      'attempt.message_id text not null',
      'attempt.number integer not null',
      'attempt.begun_at bigint not null',
      'attempt.ended_at bigint',
      'attempt.outcome text',
      'attempt.status integer',
      'attempt.code text',
      'attempt.reason text',
      'gateway.id text not null',
      'gateway.lease_until bigint not null',
      'idempotency.caller text not null',
      'idempotency.key text not null',
      'idempotency.fingerprint text not null',
      'idempotency.message_id text not null',
      'idempotency.reply bytes',
      'idempotency.reply_key text',
      'idempotency.expires_at bigint not null',
      'message.seq counter not null',
      'message.id text not null',
      'message.caller text not null',
      'message.wire text not null',
      'message.conversation text not null',
      'message.in_line integer not null',
      'message.state text not null',
      'message.at_least_once integer not null',
      'message.unsure integer not null default 0',
      'message.body bytes',
      'message.body_key text',
      'message.attempts integer not null default 0',
      'message.due_at bigint',
      'message.give_up_at bigint not null',
      'message.lease_owner text',
      'message.request_id text not null',
      'message.created_at bigint not null',
      'message.finished_at bigint',
      'message.wipe_at bigint',
      'pause.id integer not null',
      'pause.until bigint not null',
    ],
    indexes: [
      'idempotency_expires on idempotency (expires_at)',
      'idempotency_message on idempotency (message_id)',
      'idempotency_reply_key on idempotency (reply_key) where reply_key is not null',
      'message_body_key on message (body_key) where body_key is not null',
      'message_caller on message (caller, state, seq)',
      "message_due on message (wire, due_at, seq) where state = 'queued' and due_at is not null",
      'message_finished on message (finished_at) where finished_at is not null',
      "message_line on message (conversation, seq) where state in ('queued', 'sending') and in_line = 1",
      "message_sending on message (lease_owner) where state = 'sending'",
      'message_wipe on message (wipe_at) where wipe_at is not null',
    ],
  },
  '0002-consent': {
    up: consent,
    columns: [
      'click.id text not null',
      'click.content bytes not null',
      'click.content_key text not null',
      'click.expires_at bigint not null',
      'consent.id text not null',
      'consent.state text not null',
      'consent.browser text',
      'consent.content bytes not null',
      'consent.content_key text not null',
      'consent.expires_at bigint not null',
      'grant_name.name text not null',
      'grant_name.grant_id text not null',
      'grant_name.kind text not null',
      'user_grant.seq counter not null',
      'user_grant.id text not null',
      'user_grant.content bytes not null',
      'user_grant.content_key text not null',
      'user_grant.names_key text not null',
      'user_grant.previous bytes',
      'user_grant.previous_key text',
      'user_grant.previous_until bigint',
      'user_grant.version integer not null default 1',
      'user_grant.access_until bigint not null',
      'user_grant.refresh_until bigint',
      'user_grant.ends_at bigint not null',
      'user_grant.lease_owner text',
      'user_grant.lease_until bigint',
      'user_grant.created_at bigint not null',
      'user_grant.refreshed_at bigint not null',
    ],
    indexes: [
      'click_expires on click (expires_at)',
      'consent_expires on consent (expires_at)',
      'grant_name_grant on grant_name (grant_id)',
      'user_grant_content_key on user_grant (content_key)',
      'user_grant_ends on user_grant (ends_at)',
      'user_grant_names_key on user_grant (names_key)',
      'user_grant_previous on user_grant (previous_until) where previous_until is not null',
      'user_grant_previous_key on user_grant (previous_key) where previous_key is not null',
      'user_grant_renewal on user_grant (refresh_until) where refresh_until is not null',
    ],
  },
  '0003-clock': {
    up: clock,
    columns: [
      'clock.id integer not null',
      'clock.heard_at bigint not null',
      'message.due_set_at bigint',
      'pause.set_at bigint',
      'pause.wait_ms bigint not null default 0',
      'pause.unconfirmed integer not null default 0',
      'pause.probe_id text',
      'pause.probe_until bigint',
      'pause.probe_due bigint',
      'user_grant.lease_set_at bigint',
    ],
    indexes: ["message_due_set on message (due_set_at) where state = 'queued' and due_at is not null"],
  },
  '0004-consent-openings': {
    up: consentOpenings,
    columns: [
      'consent.begun_by text',
      'consent.link_until bigint',
      'consent_opening.state text not null',
      'consent_opening.consent_id text not null',
      'consent_opening.number integer not null',
      'consent_opening.browser text not null',
      'consent_opening.content bytes',
      'consent_opening.content_key text',
      'consent_opening.expires_at bigint not null',
    ],
    indexes: [
      'consent_begun_by on consent (begun_by, expires_at) where begun_by is not null',
      'consent_opening_consent on consent_opening (consent_id, number)',
    ],
  },
  '0005-bot-answer': {
    up: botAnswer,
    columns: ['message.answer bytes', 'message.answer_key text'],
    indexes: ['message_answer_key on message (answer_key) where answer_key is not null'],
  },
} as const

const MIGRATIONS_DONE = 'select name from kysely_migration order by name'
const NEWER = `insert into kysely_migration values ('9999-newer', '2099-01-01T00:00:00.000Z')`

describe.each(DATABASES)('a schema on %s', (kind) => {
  /** Where a store has been open. */
  let opened: string
  beforeAll(async () => {
    opened = await newDatabase(kind)
    await closeStore(await openAt(opened))
  })

  test.each(Object.entries(RELEASED))('equals the released one after %s', async (name, { up, columns, indexes }) => {
    const url = await newDatabase(kind)
    const run = async (migrate: (db: Kysely<unknown>) => Promise<void>) => {
      const db = connect(kind, url)
      await migrate(db)
      await db.destroy()
    }
    for (const [earlier, released] of Object.entries(RELEASED)) {
      if (earlier < name) await run((db) => released.up(db, kind))
    }
    const before = [...(await columnsOf(kind, url)), ...(await indexesOf(kind, url))]
    await run((db) => up(db, kind))
    const added = (found: unknown[]) => found.filter((one) => !before.includes(one))
    expect(added(await columnsOf(kind, url))).toEqual(columns)
    const made = kind === 'sqlite' ? indexes : indexes.map((index) => index.replace(/ on .*/, ''))
    expect(added(await indexesOf(kind, url))).toEqual(made)
  })

  test('consists of the released migrations, and does not change when a store is opened again', async () => {
    const look = async () => [await columnsOf(kind, opened), await indexesOf(kind, opened)]
    const before = await look()
    await closeStore(await openAt(opened))
    expect(await look()).toEqual(before)
    expect(await select(kind, opened, MIGRATIONS_DONE)).toEqual(Object.keys(RELEASED))
  })

  test('with additions of a newer version still works', async () => {
    for (const statement of [NEWER, 'alter table message add column newer text', 'create table newer (id integer)']) {
      if (kind === 'postgres') await query(opened, statement)
      else inFile(opened, (file) => file.exec(statement))
    }
    const store = await openAt(opened)
    const message = newMessage()
    await store.accept([message])
    expect((await claimedOne(store)).id).toBe(message.id)
    await closeStore(store)
    expect(await select(kind, opened, MIGRATIONS_DONE)).toEqual([...Object.keys(RELEASED), '9999-newer'])
  })
})

function connect(kind: DatabaseKind, url: string): Kysely<unknown> {
  const dialect =
    kind === 'sqlite'
      ? new SqliteDialect({ database: new SqliteFile(fileURLToPath(url)) })
      : new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) })
  return new Kysely({ dialect })
}

/** The one column of a select. */
async function select(kind: DatabaseKind, url: string, statement: string): Promise<unknown[]> {
  if (kind === 'sqlite') return inFile(url, (file) => file.prepare(statement).pluck().all())
  return (await query(url, statement)).flatMap((row) => Object.values(row))
}

function columnsOf(kind: DatabaseKind, url: string): Promise<unknown[]> {
  return select(
    kind,
    url,
    kind === 'sqlite'
      ? `select t.name || '.' || c.name
          || ' ' || case lower(c.type) when 'blob' then 'bytes' else iif(c.name = 'seq', 'counter', lower(c.type)) end
          || iif(c."notnull" or c.pk, ' not null', '') || coalesce(' default ' || c.dflt_value, '')
        from sqlite_master t join pragma_table_info(t.name) c
        where t.type = 'table' and t.name not like 'sqlite%' and t.name not like 'kysely%' order by t.name, c.cid`
      : `select table_name || '.' || column_name
          || ' ' || case data_type when 'bytea' then 'bytes' else case is_identity when 'YES' then 'counter' else data_type end end
          || case is_nullable when 'NO' then ' not null' else '' end || coalesce(' default ' || column_default, '')
        from information_schema.columns
        where table_schema = 'public' and table_name not like 'kysely%' order by table_name, ordinal_position`,
  )
}

/** PostgreSQL rewrites what an index says, so there it is the names only. */
function indexesOf(kind: DatabaseKind, url: string): Promise<unknown[]> {
  return select(
    kind,
    url,
    kind === 'sqlite'
      ? `select substr(sql, length('create index ') + 1) from sqlite_master where type = 'index' and sql is not null order by name`
      : `select indexname from pg_indexes
        where schemaname = 'public' and indexdef not like 'CREATE UNIQUE%' order by indexname`,
  )
}
