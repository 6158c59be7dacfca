import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import pg from 'pg'
import type { Environment } from '../../src/config/config.ts'
import { reportMissing } from './programs.ts'

/** Another server for these tests: TEST_POSTGRES_URL=postgres://user:password@host:port/database */
const SERVER = process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

const hasPostgres = await answers()
if (!hasPostgres) {
  reportMissing(
    'PostgreSQL at 127.0.0.1:5432',
    'its tests are skipped. To run one: docker run -e POSTGRES_HOST_AUTH_METHOD=trust -e POSTGRES_DB=test -p 127.0.0.1:5432:5432 postgres',
  )
}

/** The databases that are available here. */
export const DATABASES: readonly ('sqlite' | 'postgres')[] = hasPostgres ? ['sqlite', 'postgres'] : ['sqlite']

export const TEST_KEY = Buffer.alloc(32, 7).toString('base64')

const cleanups: (() => Promise<unknown>)[] = []
// All at once: each dropped database waits for a checkpoint, and they share one.
afterAll(() => Promise.all(cleanups.map((cleanUp) => cleanUp())), 60_000)

/** The DATABASE_URL of a new, empty database. It is removed after the tests of the file. */
export async function newDatabase(kind: 'sqlite' | 'postgres'): Promise<string> {
  if (kind === 'sqlite') return `file:${join(await newFolder(), 'gateway.db')}`
  const name = `gateway_${randomBytes(8).toString('hex')}`
  await query(SERVER, `create database ${name}`)
  cleanups.push(() => query(SERVER, `drop database if exists ${name} with (force)`))
  const url = new URL(SERVER)
  url.pathname = `/${name}`
  return url.href
}

/** The environment of a gateway with a store of its own. */
export async function withStore(kind: 'sqlite' | 'postgres', more: Environment = {}): Promise<Environment> {
  return { DATABASE_URL: await newDatabase(kind), TOKEN_ENCRYPTION_KEY: TEST_KEY, ...more }
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Runs one statement on a server over its own connection. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values)
    return rows
  } finally {
    await client.end()
  }
}

/** Ends all connections to a PostgreSQL database and refuses new ones, or takes them again. */
export async function allowConnections(databaseUrl: string, whether: boolean): Promise<void> {
  const server = new URL(databaseUrl)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  await query(server.href, `alter database ${name} with allow_connections ${whether}`)
  if (!whether) {
    await query(server.href, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  }
}

async function answers(): Promise<boolean> {
  try {
    await query(SERVER, 'select 1')
    return true
  } catch {
    return false
  }
}
