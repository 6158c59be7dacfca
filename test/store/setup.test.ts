import { createServer } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { sql, type Kysely } from 'kysely'
import pg from 'pg'
import { createLogger } from '../../src/observability/log.ts'
import type { Migrations } from '../../src/store/migrations.ts'
import { setUpPostgres } from '../../src/store/postgres/setup.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { originOf } from '../support/listen.ts'
import { alter, closeStore, newStore, openAt } from '../support/stores.ts'

const log = createLogger('silent')
const postgres = DATABASES.includes('postgres') ? describe : describe.skip

function statement(text: string) {
  return async (db: Kysely<unknown>) => {
    await sql.raw(text).execute(db)
  }
}

postgres('a migration on PostgreSQL', () => {
  test('takes as long as it needs, for any timeouts of the database', async () => {
    const url = await newDatabase('postgres')
    const name = new URL(url).pathname.slice(1)
    await query(url, `alter database ${name} set statement_timeout = '100ms'`)
    const migrations: Migrations = { '0001-slow': statement('select pg_sleep(0.5)') }
    await expect(setUpPostgres(url, { log, migrations })).resolves.toBe('own')
    expect(await query(url, 'select name from kysely_migration')).toEqual([{ name: '0001-slow' }])
  })

  test('that fails is named, with the reason and the SQLSTATE, and leaves the schema unchanged', async () => {
    const url = await newDatabase('postgres')
    const migrations: Migrations = {
      '0001-good': statement('create table good (id integer)'),
      '0002-bad': statement('create table good (id integer)'),
    }
    await expect(setUpPostgres(url, { log, migrations })).rejects.toMatchObject({
      name: 'StoreSetupError',
      message:
        'PostgreSQL cannot be used: migration 0002-bad failed: the server refuses a statement that the gateway needs (42P07)',
      isTemporary: false,
    })
    expect(await query(url, `select tablename from pg_tables where tablename = 'good'`)).toEqual([])
  })

  test('runs again after a deadlock with a running gateway, and gives up for now after the fifth', async () => {
    const url = await newDatabase('postgres')
    // A sequence keeps counting when the transaction is rolled back.
    await query(url, 'create sequence attempts')
    const deadlocksUntil = (attempt: number) =>
      statement(
        `do $$ begin if nextval('attempts') < ${attempt} then raise exception using errcode = '40P01'; end if; end $$`,
      )
    const settled: Migrations = { '0001-settled': deadlocksUntil(5) }
    await expect(setUpPostgres(url, { log, migrations: settled })).resolves.toBe('own')
    const unsettled: Migrations = { ...settled, '0002-unsettled': deadlocksUntil(100) }
    await expect(setUpPostgres(url, { log, migrations: unsettled })).rejects.toMatchObject({
      message: 'PostgreSQL cannot be used: migration 0002-unsettled failed: the server ended the transaction (40P01)',
      isTemporary: true,
    })
    expect(await query(url, 'select last_value::integer as attempts from attempts')).toEqual([{ attempts: 10 }])
  })

  test('waits for a lock no longer than calls of running gateways can wait', async () => {
    const url = await newDatabase('postgres')
    await query(url, 'create table busy (id integer)')
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query('begin; lock table busy')
    const migrations: Migrations = { '0001-waits': statement('alter table busy add column more integer') }
    await expect(setUpPostgres(url, { log, migrations })).rejects.toMatchObject({
      message:
        'PostgreSQL cannot be used: migration 0001-waits failed: another session holds a lock on a table (55P03)',
      isTemporary: true,
    })
    await holder.end()
  })
})

test('a server or pooler that refuses a parameter of DATABASE_URL is reported as such', async () => {
  const fields = Buffer.from('SFATAL\0C08P01\0Mno such parameter\0\0')
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.concat([head, fields])))
  })
  const { port } = new URL(await originOf(server))
  await expect(openAt(`postgres://gateway@127.0.0.1:${port}/gateway`)).rejects.toMatchObject({
    message:
      'PostgreSQL cannot be used: the server, or a pooler in front of it, does not take a parameter of DATABASE_URL (08P01)',
    isTemporary: false,
  })
})

/** So many rows of each kind are read at a start. */
const READ = 10_000

describe.each(DATABASES)('the keys in use, on %s', (kind) => {
  test('are found in a large table: the oldest, the newest, and every one that has an index', async () => {
    const url = await newDatabase(kind)
    await closeStore(await openAt(url))
    const rows =
      kind === 'sqlite' ? `with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)` : ''
    const from = kind === 'sqlite' ? 'n' : 'generate_series(1, 20000) as n(i)'
    const later = `${Date.now()}0`
    await alter(
      url,
      `insert into idempotency (caller, key, fingerprint, message_id, reply, reply_key, expires_at)
      ${rows} select 'orders', 'k' || i,
        case i when 1 then 'oldest' when 20000 then 'newest' else 'usual' end || '.mac',
        'msg_' || i, null, case i when 9999 then 'indexed' else 'usual' end, ${later} + i from ${from}`,
    )
    const store = await openAt(url)
    const found = new Map((await store.keysInUse()).map(({ keyId, rows: count }) => [keyId, count]))
    expect([...found.keys()].sort()).toEqual(['indexed', 'newest', 'oldest', 'usual'])
    expect(found.get('usual')).toBeLessThanOrEqual(2 * READ)
    expect(found.get('indexed')).toBe(1)
  })

  test('are none in a new database', async () => {
    expect(await (await newStore(kind)).keysInUse()).toEqual([])
  })
})
