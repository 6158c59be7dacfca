import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import SqliteFile from 'better-sqlite3'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import pg from 'pg'
import type { DatabaseKind } from '../../src/store/store.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { RELEASED } from '../support/released-migrations.ts'
import { claimedOne, closeStore, inFile, newMessage, openAt } from '../support/stores.ts'

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
