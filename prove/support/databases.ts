import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import SqliteFile from 'better-sqlite3'
import pg from 'pg'
import * as z from 'zod'
import type { Suite } from './suite.ts'

const CONNECT_TIMEOUT_MS = 3000
const POSTGRES_URL = process.env['PROVE_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'
const HOW_TO_START_ONE = `start one, or name one in PROVE_POSTGRES_URL:
  docker run --rm -d -e POSTGRES_HOST_AUTH_METHOD=trust -e POSTGRES_DB=test -p 127.0.0.1:5432:5432 postgres:17`

export type Database = { kind: 'sqlite' | 'postgres'; title: string; url: string }

/** New, empty databases of either kind, the suite's own. Where PostgreSQL cannot be reached the report says so. */
export async function ownDatabases(suite: Suite): Promise<Database[]> {
  const databases: Database[] = []
  if (suite.only !== 'postgres') databases.push(ownSqlite(suite.folder))
  if (suite.only !== 'sqlite') {
    const postgres = await ownPostgres(suite)
    if (postgres !== undefined) databases.push(postgres)
  }
  return databases
}

export function ownSqlite(folder: string): Database {
  return { kind: 'sqlite', title: 'SQLite', url: `file:${join(folder, `${newName()}.db`)}` }
}

export async function ownPostgres(suite: Suite): Promise<Database | undefined> {
  const name = newName()
  try {
    await runOnPostgres(POSTGRES_URL, `create database ${name}`)
  } catch (error) {
    suite.report.skip('PostgreSQL', `it cannot be reached (${reasonOf(error)}); ${HOW_TO_START_ONE}`)
    return undefined
  }
  suite.atEnd(() => runOnPostgres(POSTGRES_URL, `drop database ${name} with (force)`))
  const url = new URL(POSTGRES_URL)
  url.pathname = `/${name}`
  return { kind: 'postgres', title: 'PostgreSQL', url: url.href }
}

/** @param options settings of the session, as on the server's command line */
export async function runOnPostgres(url: string, statement: string, options?: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, options })
  // A server that goes away while nothing runs would end this process otherwise.
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement)
    return rows
  } finally {
    await client.end()
  }
}

/** The path of a SQLite database. */
export function fileOf({ url }: Database): string {
  return fileURLToPath(url)
}

/** Reads rows. SQLite needs that no gateway runs. */
export async function rowsIn(database: Database, statement: string): Promise<unknown[]> {
  if (database.kind === 'postgres') return runOnPostgres(database.url, statement)
  const file = new SqliteFile(fileOf(database))
  try {
    return file.prepare(statement).all()
  } finally {
    file.close()
  }
}

/** What the database takes on the disk. Of SQLite, once no gateway runs. */
export async function bytesIn(database: Database): Promise<number> {
  if (database.kind === 'sqlite') return statSync(fileOf(database)).size
  const [row] = await runOnPostgres(database.url, 'select pg_database_size(current_database()) as bytes')
  return z.object({ bytes: z.coerce.number() }).parse(row).bytes
}

function newName(): string {
  return `kenar_prove_${randomBytes(6).toString('hex')}`
}

/** The driver's code; its message may hold the address. */
function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
}
