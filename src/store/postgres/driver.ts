import {
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely'
import pg from 'pg'
import { beginCommit, LostAnswerError } from '../calls.ts'
import type { StoreEvents } from '../store.ts'

/** Much less than a lease, so that a gateway that waits for a statement does not keep working long after its lease has ended. */
const STATEMENT_TIMEOUT_MS = 5000
/** After a failed session, all older ones are closed too; at most this often, because the sessions may not be at fault. */
const REPLACE_EVERY_MS = 1000
/** A session that is younger than this is not from before a failover. */
const STALE_AFTER_MS = 1000

/** Compiling a statement (`jit`) takes far longer than any of these statements run. */
const setLimits = (scope: 'session' | 'local') =>
  [
    `set ${scope} statement_timeout = ${STATEMENT_TIMEOUT_MS}`,
    `set ${scope} idle_in_transaction_session_timeout = ${2 * STATEMENT_TIMEOUT_MS}`,
    `set ${scope} jit = off`,
  ].join('; ')
/** Sent once per session. */
const SESSION_SETTINGS = `${setLimits('session')}; set session characteristics as transaction isolation level read committed`
const BEGIN = 'start transaction isolation level read committed'
/** Sent with each transaction: a pooler may run each on another session, and shares its sessions with other programs. */
const BEGIN_WITH_SETTINGS = `${BEGIN}; ${setLimits('local')}`

export type SessionKind =
  /** The connection is a session of PostgreSQL. */
  | 'own'
  /** A pooler such as PgBouncer in transaction mode is in between, and gives each transaction any free session. */
  | 'pooled'

/** Kysely's dialect for PostgreSQL. Its driver closes sessions that have failed. */
export function postgresDialect(pool: pg.Pool, kind: SessionKind, events: StoreEvents): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(pool, kind, events),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}

function createDriver(pool: pg.Pool, kind: SessionKind, events: StoreEvents): Driver {
  /** When each session was made; only of sessions that have their settings. */
  const madeAt = new WeakMap<pg.PoolClient, number>()
  /** Sessions made before this time are closed. */
  let trustedSince = -Infinity

  const connect = () =>
    pool.connect().catch((error: unknown) => {
      events.onFailed()
      throw error
    })

  const prepare = async (client: pg.PoolClient): Promise<number> => {
    try {
      if (kind === 'own') await client.query(SESSION_SETTINGS)
    } catch (error) {
      client.release(true)
      events.onFailed()
      throw error
    }
    const now = performance.now()
    madeAt.set(client, now)
    return now
  }

  /** Notes what an error says about the session, and returns the error to throw. */
  const onError = (error: unknown, sessionMadeAt: number): unknown => {
    if (isStoreFailing(error)) events.onFailed()
    if (!isSessionUseless(error)) return error
    const now = performance.now()
    if (now - trustedSince >= REPLACE_EVERY_MS) trustedSince = now
    return sqlStateOf(error) === READ_ONLY && now - sessionMadeAt > STALE_AFTER_MS
      ? new StaleSessionError(error)
      : error
  }

  return {
    // The pool connects when a connection is acquired.
    init: () => Promise.resolve(),
    acquireConnection: async () => {
      for (;;) {
        const client = await connect()
        const made = madeAt.get(client) ?? (await prepare(client))
        if (made >= trustedSince) return new Session(client, kind, events.onServed, (error) => onError(error, made))
        client.release(true)
      }
    },
    beginTransaction: (connection) => sessionOf(connection).begin(),
    commitTransaction: (connection) => sessionOf(connection).commit(),
    rollbackTransaction: (connection) => sessionOf(connection).rollback(),
    releaseConnection: (connection) => sessionOf(connection).release(),
    destroy: () => pool.end(),
  }
}

function sessionOf(connection: DatabaseConnection): Session {
  if (connection instanceof Session) return connection
  throw new Error('expected a connection of this driver')
}

/** Runs a statement that commits. @throws LostAnswerError when it may have taken effect although its answer was lost */
async function committing<Result>(run: () => Promise<Result>): Promise<Result> {
  beginCommit()
  try {
    return await run()
  } catch (error) {
    throw surelyFailed(error) ? error : new LostAnswerError(error)
  }
}

/** A session while one call uses it. */
class Session implements DatabaseConnection {
  readonly #client: pg.PoolClient
  readonly #kind: SessionKind
  readonly #onServed: () => void
  readonly #onError: (error: unknown) => unknown
  #inTransaction = false
  #useless = false

  constructor(client: pg.PoolClient, kind: SessionKind, onServed: () => void, onError: (error: unknown) => unknown) {
    this.#client = client
    this.#kind = kind
    this.#onServed = onServed
    this.#onError = onError
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    // A statement outside a transaction commits by itself. Through a pooler it needs a transaction, to get its time limit.
    if (this.#inTransaction) return this.#execute(query)
    if (this.#kind === 'own') return committing(() => this.#execute<Row>(query))
    await this.begin()
    try {
      const result = await this.#execute<Row>(query)
      await this.commit()
      return result
    } catch (error) {
      await this.rollback()
      throw error
    }
  }

  // eslint-disable-next-line require-yield -- Kysely requires the method; nothing here streams
  async *streamQuery(): AsyncIterableIterator<never> {
    return Promise.reject(new Error('streams are not used'))
  }

  async begin(): Promise<void> {
    await this.#query(this.#kind === 'own' ? BEGIN : BEGIN_WITH_SETTINGS)
    this.#inTransaction = true
  }

  async commit(): Promise<void> {
    const { command } = await committing(() => this.#query('commit'))
    this.#inTransaction = false
    // After an error within the transaction, PostgreSQL answers a commit with a rollback.
    if (command === 'ROLLBACK') throw new Error('PostgreSQL rolled the transaction back')
  }

  /** A session that cannot roll back is closed, which rolls back too. */
  async rollback(): Promise<void> {
    if (!this.#inTransaction) return
    this.#inTransaction = false
    await this.#query('rollback').catch(() => (this.#useless = true))
  }

  release(): Promise<void> {
    this.#client.release(this.#useless || this.#inTransaction)
    return Promise.resolve()
  }

  async #execute<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount, command } = await this.#query<Row>(sql, parameters)
    return { rows, ...(command !== 'SELECT' && { numAffectedRows: BigInt(rowCount ?? 0) }) }
  }

  async #query<Row>(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<pg.QueryResult<Row & pg.QueryResultRow>> {
    try {
      const result = await this.#client.query<Row & pg.QueryResultRow>(sql, [...parameters])
      this.#onServed()
      return result
    } catch (error) {
      this.#useless ||= isSessionUseless(error)
      throw this.#onError(error)
    }
  }
}

/**
 * Errors after which a session stays usable: they are about one statement, or about the server's load. After any other error the session is
 * closed. A new one costs some milliseconds; a session that was made while the database was read-only, or under another role or search
 * path, would refuse every call for as long as it lives.
 */
const SESSION_IS_GOOD = /^(?:22|23|40|53|54|55)|^57014$/
/** A deadlock, or transactions that cannot be serialized: PostgreSQL asks to run one of them again. */
const RETRYABLE = new Set(['40P01', '40001'])
/** Errors about the data of one call. They say nothing about the state of the store. */
const ABOUT_DATA = /^(?:22|23|40)/
const READ_ONLY = '25006'
/** The session, the server or a pooler failed. 40003 is "statement completion unknown". */
const OUTCOME_UNKNOWN = /^(?:08|57P|58|XX)|^40003$/

function isSessionUseless(error: unknown): boolean {
  return !SESSION_IS_GOOD.test(sqlStateOf(error) ?? '')
}

function isStoreFailing(error: unknown): boolean {
  return !ABOUT_DATA.test(sqlStateOf(error) ?? '')
}

export function isRetryable(error: unknown): boolean {
  return error instanceof StaleSessionError || RETRYABLE.has(sqlStateOf(error) ?? '')
}

/** A session from before a failover refused to write. Nothing was done, and a new session may be able to. */
class StaleSessionError extends Error {
  constructor(cause: unknown) {
    super('a session from before a failover cannot write', { cause })
    this.name = 'StaleSessionError'
  }
}

/** Whether a statement that commits surely had no effect. Otherwise the session ended before the answer of PostgreSQL or a pooler came. */
function surelyFailed(error: unknown): boolean {
  if (error instanceof StaleSessionError) return true
  const state = sqlStateOf(error)
  return state !== undefined && !OUTCOME_UNKNOWN.test(state)
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}
