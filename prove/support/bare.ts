import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import SqliteFile from 'better-sqlite3'
import pg from 'pg'
import type { Database } from './databases.ts'
import { BODY_BYTES } from './opened-store.ts'
import type { Suite } from './suite.ts'

const TABLE = 'create table bare (id text primary key, body'
const POOL = 10

/** The driver alone: one row and one commit of the same size. The upper bound for a gateway without batching. */
export async function prepareBare(suite: Suite, database: Database): Promise<{ insert: () => Promise<unknown> }> {
  return database.kind === 'sqlite' ? prepareSqlite(suite, database.url) : await preparePostgres(suite, database.url)
}

function prepareSqlite(suite: Suite, url: string): { insert: () => Promise<unknown> } {
  const file = new SqliteFile(url.replace(/^file:/, ''))
  suite.atEnd(() => file.close())
  file.pragma('journal_mode = wal')
  file.pragma('synchronous = full')
  file.exec(`${TABLE} blob)`)
  const statement = file.prepare('insert into bare values (?, ?)')
  const body = randomBytes(BODY_BYTES)
  return {
    insert: () => {
      statement.run(newId(), body)
      // The driver is synchronous: without a turn of the event loop the timer would never fire.
      return setImmediate()
    },
  }
}

async function preparePostgres(suite: Suite, url: string): Promise<{ insert: () => Promise<unknown> }> {
  const pool = new pg.Pool({ connectionString: url, max: POOL })
  suite.atEnd(() => pool.end())
  await pool.query(`${TABLE} bytea)`)
  const body = randomBytes(BODY_BYTES)
  return {
    insert: () => pool.query({ name: 'bare', text: 'insert into bare values ($1, $2)', values: [newId(), body] }),
  }
}

function newId(): string {
  return `msg_${randomBytes(18).toString('base64url')}`
}
