import { randomBytes } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import type { DatabaseKind } from '../../src/store/store.ts'
import { answers, createDatabase, dropDatabase, query } from './postgres-server.ts'
import { reportMissing } from './programs.ts'

export { query } from './postgres-server.ts'

const hasPostgres = await answers()
if (!hasPostgres) {
  reportMissing(
    'PostgreSQL at 127.0.0.1:5432',
    'its tests are skipped. To run one: docker run -e POSTGRES_HOST_AUTH_METHOD=trust -e POSTGRES_DB=test -p 127.0.0.1:5432:5432 postgres',
  )
}

/** The databases that are available here. */
export const DATABASES: readonly DatabaseKind[] = hasPostgres ? ['sqlite', 'postgres'] : ['sqlite']

export const TEST_KEY = Buffer.alloc(32, 7).toString('base64')

const cleanups: (() => Promise<unknown>)[] = []
// All at once: each dropped database waits for a checkpoint, and they share one.
afterAll(() => Promise.all(cleanups.map((cleanUp) => cleanUp())), 60_000)

/** The DATABASE_URL of a new, empty database. It is removed after the tests of the file. */
export function newDatabase(kind: DatabaseKind): Promise<string> {
  return kind === 'sqlite' ? newFile() : newOnServer()
}

/** The DATABASE_URL of a new database with the gateway's schema. It is removed after the tests of the file. */
export function databaseForGateway(kind: DatabaseKind): Promise<string> {
  return kind === 'sqlite'
    ? newFile(process.env['TEST_SQLITE_TEMPLATE'])
    : newOnServer(process.env['TEST_POSTGRES_TEMPLATE'])
}

async function newFile(template?: string): Promise<string> {
  const file = join(await newFolder(), 'gateway.db')
  if (template !== undefined) await copyFile(template, file)
  return `file:${file}`
}

function newOnServer(template?: string): Promise<string> {
  const name = `gateway_${randomBytes(8).toString('hex')}`
  cleanups.push(() => dropDatabase(name))
  return createDatabase(name, template)
}

/** The environment of a gateway with a store of its own. */
export async function withStore(kind: DatabaseKind, more: Environment = {}): Promise<Environment> {
  return { DATABASE_URL: await databaseForGateway(kind), TOKEN_ENCRYPTION_KEY: TEST_KEY, ...more }
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
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
