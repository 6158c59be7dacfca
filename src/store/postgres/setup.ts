import { Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Logger } from '../../observability/log.ts'
import { migrate, MigrationError, type Migrations } from '../migrate.ts'
import type { SessionKind } from './driver.ts'
import { toSetupError } from './errors.ts'
import type { Schema } from '../schema.ts'
import { StoreSetupError } from '../store.ts'

const CONNECT_TIMEOUT_MS = 3000
/** A statement that waits longer for a table holds up all that come after it, and these are calls of the running gateways. */
const LOCK_TIMEOUT_S = 10
/** The number of the lock that Kysely takes for migrations, and that older versions of the gateway take. */
const MIGRATION_LOCK = 3853314791062309107n
const PROTOCOL_VIOLATION = '08P01'
/** What the driver knows. It takes any other word for verify-full. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

export type SetupOptions = { log: Logger; migrations?: Migrations | undefined }

/**
 * Brings the schema up to date, over a connection of its own on which a statement may take as long as it needs.
 * @returns whether the connections to this address are sessions of PostgreSQL
 * @throws StoreSetupError
 */
export async function setUpPostgres(url: string, options: SetupOptions): Promise<SessionKind> {
  checkSslMode(url)
  try {
    return await setUp(url, 'own', options).catch((error: unknown) => {
      // PgBouncer takes no settings with a new connection, unless it is told to ignore them.
      if (!(error instanceof pg.DatabaseError) || error.code !== PROTOCOL_VIOLATION) throw error
      return setUp(url, 'pooled', options)
    })
  } catch (error) {
    if (!(error instanceof MigrationError)) throw toSetupError(error)
    throw toSetupError(error.cause, `migration ${error.migration} failed`)
  }
}

function checkSslMode(url: string): void {
  const mode = /[?&]sslmode=([^&#]*)/.exec(url)?.[1]
  if (mode !== undefined && !SSL_MODES.includes(mode)) {
    throw new StoreSetupError(`PostgreSQL cannot be used: its sslmode must be one of ${SSL_MODES.join(', ')}`)
  }
}

async function setUp(url: string, assumed: SessionKind, { log, migrations }: SetupOptions): Promise<SessionKind> {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'kenar-chat-gateway migration',
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ...(assumed === 'own' && { lock_timeout: LOCK_TIMEOUT_S * 1000 }),
  })
  // Without listeners, a connection that is lost would end the process. The call that uses it fails by itself.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  try {
    const kind = await kindOf(pool, assumed)
    const db = new Kysely<Schema>({ dialect: new MigrationDialect({ pool }) })
    await db.transaction().execute(async (trx) => {
      await sql.raw('set local statement_timeout = 0; set local lock_timeout = 0').execute(trx)
      // Gateways that start together take turns, for as long as a migration takes.
      await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(trx)
      await sql.raw(`set local lock_timeout = '${LOCK_TIMEOUT_S}s'`).execute(trx)
      const onBegin = (migration: string) => {
        log.info({ event: 'store.migrating', migration })
      }
      await migrate(trx, 'postgres', { migrations, onBegin })
    })
    return kind
  } finally {
    await pool.end()
  }
}

/** A pooler that is told to ignore settings takes them, and they have no effect. */
async function kindOf(pool: pg.Pool, assumed: SessionKind): Promise<SessionKind> {
  if (assumed === 'pooled') return 'pooled'
  const { rows } = await pool.query<{ lock_timeout: string }>('show lock_timeout')
  return rows[0]?.lock_timeout === `${LOCK_TIMEOUT_S}s` ? 'own' : 'pooled'
}

/** The lock is taken for the transaction, above. Kysely's own belongs to the session, and a pooler would keep it locked. */
class MigrationDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new LockedAdapter()
  }
}

class LockedAdapter extends PostgresAdapter {
  override acquireMigrationLock(): Promise<void> {
    return Promise.resolve()
  }

  override releaseMigrationLock(): Promise<void> {
    return Promise.resolve()
  }
}
