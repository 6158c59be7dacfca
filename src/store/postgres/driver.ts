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

/** Much less than a lease: a gateway that waits for a statement must not believe for long that it still holds one. */
const STATEMENT_TIMEOUT_MS = 5000
/** After one of them proved useless, all sessions of that time are replaced. Not more often: the fault may not be theirs. */
const DISTRUST_EVERY_MS = 1000
/** A session that is younger than this is not from before a failover. */
const STALE_AFTER_MS = 1000

const LIMITS = `statement_timeout = ${STATEMENT_TIMEOUT_MS}; set %idle_in_transaction_session_timeout = ${2 * STATEMENT_TIMEOUT_MS}`
/** Once for each session. */
const SESSION_SETTINGS = `set ${LIMITS.replace('%', '')}; set session characteristics as transaction isolation level read committed`
const BEGIN = 'start transaction isolation level read committed'
/** For each transaction: a pooler gives every transaction another session, and what is set for a session would reach other programs. */
const BEGIN_WITH_SETTINGS = `${BEGIN}; set local ${LIMITS.replace('%', 'local ')}`

export type SessionKind =
  /** The connection is a session of PostgreSQL. */
  | 'own'
  /** A pooler such as PgBouncer in transaction mode is in between, and gives each transaction any free session. */
  | 'pooled'

/** PostgreSQL as Kysely uses it, with sessions that are thrown away once they are useless. */
export function postgresDialect(pool: pg.Pool, kind: SessionKind, events: StoreEvents): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(pool, kind, events),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}

function createDriver(pool: pg.Pool, kind: SessionKind, events: StoreEvents): Driver {
  /** When each session that has its settings was made. */
  const madeAt = new WeakMap<pg.PoolClient, number>()
  /** Sessions of before are replaced. */
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

  /** Answers the error to throw for one that a session had. */
  const judge = (error: unknown, sessionMadeAt: number): unknown => {
    if (isStoreFailing(error)) events.onFailed()
    if (!isSessionUseless(error)) return error
    const now = performance.now()
    if (now - trustedSince >= DISTRUST_EVERY_MS) trustedSince = now
    return sqlStateOf(error) === READ_ONLY && now - sessionMadeAt > STALE_AFTER_MS
      ? new StaleSessionError(error)
      : error
  }

  return {
    // The pool connects when it is asked.
    init: () => Promise.resolve(),
    acquireConnection: async () => {
      for (;;) {
        const client = await connect()
        const made = madeAt.get(client) ?? (await prepare(client))
        if (made >= trustedSince) return new Session(client, kind, events.onServed, (error) => judge(error, made))
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
  throw new Error('this connection is of another driver')
}

/** Runs what commits. When its answer is lost, it may have taken effect. */
async function committing<Result>(run: () => Promise<Result>): Promise<Result> {
  beginCommit()
  try {
    return await run()
  } catch (error) {
    throw surelyFailed(error) ? error : new LostAnswerError(error)
  }
}

/** A session in the hands of one call. */
class Session implements DatabaseConnection {
  readonly #client: pg.PoolClient
  readonly #kind: SessionKind
  readonly #onServed: () => void
  readonly #judge: (error: unknown) => unknown
  #inTransaction = false
  #useless = false

  constructor(client: pg.PoolClient, kind: SessionKind, onServed: () => void, judge: (error: unknown) => unknown) {
    this.#client = client
    this.#kind = kind
    this.#onServed = onServed
    this.#judge = judge
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    // A statement of its own is a transaction too, and has to have its time limit.
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

  // eslint-disable-next-line require-yield -- nothing here streams, and Kysely wants the method
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
    // An earlier error had ended the transaction.
    if (command === 'ROLLBACK') throw new Error('PostgreSQL rolled the transaction back')
  }

  /** A session that cannot even roll back is thrown away, which does the same. */
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
      throw this.#judge(error)
    }
  }
}

/**
 * Errors after which a session is as good as before: they are about one statement, or about how much the server has to do. After any other
 * the session is thrown away. A new one costs some milliseconds, and a session that was made while the database was read-only, or under
 * another role or search path, would refuse every call for as long as it lives.
 */
const SESSION_IS_GOOD = /^(?:22|23|40|53|54|55)|^57014$/
/** A deadlock, or two transactions that cannot both be: PostgreSQL asks to run one of them again. */
const RETRYABLE = new Set(['40P01', '40001'])
/** Errors about the data of one call. They say nothing about the state of the store. */
const ABOUT_DATA = /^(?:22|23|40)/
const READ_ONLY = '25006'
/** The session, the server or a pooler failed; 40003 says itself that the completion is unknown. */
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
    super('a session from a read-only time cannot write', { cause })
    this.name = 'StaleSessionError'
  }
}

/** Whether a statement that commits surely had no effect. Otherwise the session ended before PostgreSQL, or a pooler, said what happened. */
function surelyFailed(error: unknown): boolean {
  if (error instanceof StaleSessionError) return true
  const state = sqlStateOf(error)
  return state !== undefined && !OUTCOME_UNKNOWN.test(state)
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}
