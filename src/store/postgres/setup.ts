import { Kysely, PostgresAdapter, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { describeError, type Logger } from '../../observability/log.ts'
import { migrate, MigrationError } from '../migrate.ts'
import type { Migrations } from '../migrations.ts'
import type { SessionKind } from './driver.ts'
import { retryTransaction } from './retry.ts'
import type { Schema } from '../schema.ts'
import { StoreSetupError } from '../store.ts'

const CONNECT_TIMEOUT_MS = 3000
/** While a statement waits for a table's lock, it blocks all later statements on that table: those of running gateways. */
const LOCK_TIMEOUT_S = 10
/** The advisory lock that Kysely uses for migrations, and that older versions of the gateway take. */
const MIGRATION_LOCK = 3853314791062309107n
const PROTOCOL_VIOLATION = '08P01'
/** The modes that the driver knows. It treats any other as verify-full. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

type SetupOptions = { log: Logger; migrations?: Migrations | undefined }

/**
 * Brings the schema up to date, over a connection of its own on which a statement may take as long as it needs.
 * @returns whether the connections to this address are sessions of PostgreSQL
 * @throws StoreSetupError
 */
export async function setUpPostgres(url: string, options: SetupOptions): Promise<SessionKind> {
  try {
    return await setUp(url, 'own', options).catch((error: unknown) => {
      // PgBouncer takes no settings with a new connection, unless it is configured to ignore them.
      if (!(error instanceof pg.DatabaseError) || error.code !== PROTOCOL_VIOLATION) throw error
      return setUp(url, 'pooled', options)
    })
  } catch (error) {
    if (!(error instanceof MigrationError)) throw toSetupError(error)
    throw toSetupError(error.cause, `migration ${error.migration} failed`)
  }
}

/**
 * The driver treats `prefer`, `require` and `verify-ca` as `verify-full`, and prints a warning about it unless the address says so itself.
 * @throws StoreSetupError when the address has an unknown sslmode
 */
export function withExplicitSslMode(url: string): string {
  return url.replaceAll(/([?&]sslmode=)([^&#]*)/g, (parameter, name: string, mode: string) => {
    if (!SSL_MODES.includes(mode)) {
      throw new StoreSetupError(`PostgreSQL cannot be used: its sslmode must be one of ${SSL_MODES.join(', ')}`)
    }
    const isAlias = ['prefer', 'require', 'verify-ca'].includes(mode) && !url.includes('uselibpqcompat=true')
    return isAlias ? `${name}verify-full` : parameter
  })
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
    const migrateAll = async (trx: Transaction<Schema>) => {
      await sql.raw('set local statement_timeout = 0; set local lock_timeout = 0').execute(trx)
      // Gateways that start together take turns, for as long as a migration takes.
      await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(trx)
      await sql.raw(`set local lock_timeout = '${LOCK_TIMEOUT_S}s'`).execute(trx)
      const onBegin = (migration: string) => {
        log.info({ event: 'store.migrating', migration })
      }
      await migrate(trx, 'postgres', { migrations, onBegin })
    }
    // Running gateways may lock tables in another order, so that PostgreSQL ends the migration.
    await retryTransaction(() => db.transaction().execute(migrateAll))
    return kind
  } finally {
    await pool.end()
  }
}

/** Detects a pooler that accepts settings and ignores them. */
async function kindOf(pool: pg.Pool, assumed: SessionKind): Promise<SessionKind> {
  if (assumed === 'pooled') return 'pooled'
  const { rows } = await pool.query<{ lock_timeout: string }>('show lock_timeout')
  return rows[0]?.lock_timeout === `${LOCK_TIMEOUT_S}s` ? 'own' : 'pooled'
}

/** `setUp` takes the lock for its transaction. Kysely's own lock is the session's, and behind a pooler it would stay locked. */
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

type Reason = { sentence: string; isTemporary: boolean }

/** Reasons by SQLSTATE, or by the error code of the operating system, Node or OpenSSL. */
const BY_CODE: Readonly<Record<string, Reason>> = {
  '08P01': permanent('the server, or a pooler in front of it, does not take a parameter of DATABASE_URL'),
  '25006': temporary('the database is read-only'),
  '28000': permanent('the server does not let this user in: it is unknown, or refused from here or without TLS'),
  '28P01': permanent('the server refuses the user name or the password'),
  '3D000': permanent('there is no database of this name'),
  '3F000': permanent('there is no schema of this name'),
  '42501': permanent('this user lacks a permission in the database'),
  '53300': temporary('the server has no connection left'),
  '53100': temporary("the server's disk is full"),
  '55P03': temporary('another session holds a lock on a table'),
  '57014': temporary('a statement took too long'),
  '57P03': temporary('the server is starting or stopping'),
  ECONNREFUSED: temporary('nothing listens at its address'),
  ECONNRESET: temporary('the connection was cut'),
  EPIPE: temporary('the connection was cut'),
  ETIMEDOUT: temporary('the server does not answer'),
  EHOSTUNREACH: temporary('there is no way to its address'),
  ENETUNREACH: temporary('there is no way to its address'),
  ENOTFOUND: temporary('its host name is not known'),
  EAI_AGAIN: temporary('its host name cannot be looked up at the moment'),
  ENOENT: permanent('a file or socket that DATABASE_URL names is not there'),
  EISDIR: permanent('a file that DATABASE_URL names is a folder'),
  EACCES: permanent('a file or socket that DATABASE_URL names may not be used'),
  CERT_HAS_EXPIRED: permanent("the server's certificate has expired"),
  DEPTH_ZERO_SELF_SIGNED_CERT: permanent("the server's certificate is self-signed; name its authority by sslrootcert"),
  SELF_SIGNED_CERT_IN_CHAIN: permanent('the server has a private certificate authority; name it by sslrootcert'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: permanent(
    "the server's certificate is not signed by a known authority; name its authority by sslrootcert",
  ),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: permanent(
    "the server's certificate is not signed by a known authority; name its authority by sslrootcert",
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: permanent("the server's certificate is for another host name"),
}

/** Reasons by class of SQLSTATE, or by a part of the error code. */
const BY_CLASS: readonly [RegExp, Reason][] = [
  [/^08/, temporary('the connection failed')],
  [/^28/, permanent('the server does not let this user in')],
  [/^40/, temporary('the server ended the transaction')],
  [/^53/, temporary('the server has too little left of something')],
  [/^5[57]/, temporary('the server cannot do it at the moment')],
  [/^(?:58|XX)/, temporary('the server has a fault of its own')],
  [/^[0-9A-Z]{5}$/, permanent('the server refuses a statement that the gateway needs')],
  [
    /CERT|^ERR_(?:TLS|SSL|OSSL)|^HOSTNAME_MISMATCH|^INVALID_CA|^INVALID_PURPOSE/,
    permanent('TLS with the server fails'),
  ],
]

/** Reasons by the driver's text, for errors without a code. The text itself is never repeated, since it may contain the address. */
const BY_TEXT: readonly [RegExp, Reason][] = [
  [/does not support SSL/, permanent('the server has no TLS, and DATABASE_URL asks for it')],
  [/^SASL|SCRAM|password must be/, permanent('the server asks for a password that DATABASE_URL does not have')],
  [/timeout|terminated|closed/i, temporary('the server does not answer')],
  [/sslmode|libpq|SSL/i, permanent('the TLS settings in DATABASE_URL contradict each other')],
]

function temporary(sentence: string): Reason {
  return { sentence, isTemporary: true }
}

function permanent(sentence: string): Reason {
  return { sentence, isTemporary: false }
}

/** Why PostgreSQL cannot be used, and whether a later start may succeed. */
function toSetupError(error: unknown, what?: string): StoreSetupError {
  if (error instanceof StoreSetupError) return error
  const cause = rootOf(error)
  const { error_code: code } = describeError(cause)
  const { sentence, isTemporary } = reasonOf(cause, code)
  const named = code === undefined ? '' : ` (${code})`
  return new StoreSetupError(
    `PostgreSQL cannot be used: ${what === undefined ? '' : `${what}: `}${sentence}${named}`,
    cause,
    { isTemporary },
  )
}

function reasonOf(error: unknown, code: string | undefined): Reason {
  const text = error instanceof Error ? error.message : ''
  return (
    (code === undefined ? undefined : (BY_CODE[code] ?? BY_CLASS.find(([form]) => form.test(code))?.[1])) ??
    BY_TEXT.find(([form]) => form.test(text))?.[1] ??
    temporary('the connection failed for a reason that the driver does not name')
  )
}

/** When several addresses failed, the last one is reported. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError) return rootOf(error.errors.at(-1))
  if (!(error instanceof Error) || error instanceof pg.DatabaseError || 'code' in error) return error
  return error.cause === undefined ? error : rootOf(error.cause)
}
