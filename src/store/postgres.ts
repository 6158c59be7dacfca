import { hash } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { describeError, type Logger } from '../base/log.ts'
import { within } from '../base/within.ts'
import type { Database } from './database.ts'
import { CALL_TIMEOUT_MS } from './guard.ts'
import { listenForQueued } from './listen.ts'
import { migrate } from './migrate.ts'
import { createQueries } from './queries.ts'
import type { Schema } from './schema.ts'
import { StoreSetupError, type Store } from './store.ts'

const MAX_CONNECTIONS = 10
const CONNECT_TIMEOUT_MS = 3000
/** Less than a lease by far: whoever hangs on a statement must not believe for long that it still holds one. */
const STATEMENT_TIMEOUT_MS = 5000
const MAX_TRIES = 5
const CLOSE_TIMEOUT_MS = 3000
/** A deadlock, or two transactions that cannot both be: the database asks to run one of them again. */
const RUN_AGAIN = new Set(['40P01', '40001'])
/** Classes of what PostgreSQL refuses for the moment only: it starts or stops, has no place left, or others hold its locks. */
const PASSING = /^(?:08|40|53|55|57|58)/

// Milliseconds and counts stay far below 2^53. Nothing else in this process talks to PostgreSQL.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** Opens a store in PostgreSQL, for any number of gateways. */
export async function openPostgres(url: string, log: Logger): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'kenar-chat-gateway',
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 2 * STATEMENT_TIMEOUT_MS,
  })
  // A connection that dies while idle is replaced; without a listener it would end the process.
  pool.on('error', (error) => {
    log.warn({ event: 'store.connection_lost', ...describeError(error) })
  })
  // So would one that dies in use; there the call fails by itself.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db, 'postgres').catch(async (error: unknown) => {
    await db.destroy()
    throw new StoreSetupError(`PostgreSQL cannot be used (${reasonOf(error)})`, error, { mayPass: mayPass(error) })
  })
  endHungConnections(pool)
  const queries = createQueries(describeDatabase(db))
  const signal = listenForQueued(url, pool, log)
  return {
    ...queries,
    kind: 'postgres',
    accept: async (messages) => {
      const accepted = await queries.accept(messages)
      signal.announce()
      return accepted
    },
    onQueued: signal.onQueued,
    close: async () => {
      // A connection that hangs does not even say goodbye.
      await within(CLOSE_TIMEOUT_MS, Promise.all([signal.close(), db.destroy()]))
    },
  }
}

/**
 * Whoever called has been told by then that the store did not answer. A connection whose packets vanish would otherwise go back to the
 * pool, and hold up everybody who gets it for as long as the system keeps trying: a quarter of an hour.
 */
function endHungConnections(pool: pg.Pool): void {
  const timers = new Map<pg.PoolClient, NodeJS.Timeout>()
  const end = (client: pg.PoolClient) => {
    if (client instanceof pg.Client) void client.end()
  }
  pool.on('acquire', (client) => timers.set(client, setTimeout(end, CALL_TIMEOUT_MS, client)))
  pool.on('release', (_error, client) => {
    clearTimeout(timers.get(client))
    timers.delete(client)
  })
}

function describeDatabase(db: Kysely<Schema>): Database {
  return {
    kind: 'postgres',
    db,
    now: sql<number>`cast(extract(epoch from statement_timestamp()) * 1000 as bigint)`,
    nextSeq: sql<number>`nextval(pg_get_serial_sequence('message', 'seq'))`,
    write: (work) => runAgain(() => db.transaction().execute(work)),
    lockLines: async (trx, conversations) => {
      if (conversations.length === 0) return
      const keys = [...new Set(conversations.map(lockKey))].sort()
      await sql`select pg_advisory_xact_lock(key) from unnest(cast(${keys} as bigint[])) as key`.execute(trx)
    },
    keyIdOf: (column) => sql<string>`split_part(${sql.ref(column)}, '.', 1)`,
    skipLocked: sql`for update skip locked`,
  }
}

async function runAgain<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (tries === MAX_TRIES || !(error instanceof pg.DatabaseError) || !RUN_AGAIN.has(error.code ?? '')) throw error
    }
  }
}

/** Advisory locks are named by 64 bits. Two conversations of one name would only wait for each other. */
function lockKey(conversation: string): string {
  return hash('sha256', conversation, 'buffer').readBigInt64BE().toString()
}

/** The driver's code, such as ECONNREFUSED or 28P01; its text may hold the address. */
function reasonOf(error: unknown): string {
  const { error: name, error_code: code } = describeError(causeOf(error))
  return code ?? name
}

/** Whoever does not answer may do so later; what PostgreSQL itself says no to mostly stays a no. */
function mayPass(error: unknown): boolean {
  const cause = causeOf(error)
  return !(cause instanceof pg.DatabaseError) || PASSING.test(cause.code ?? '')
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? (error.cause ?? error) : error
}
