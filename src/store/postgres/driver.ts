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
import { beginCommit, LostAnswerError } from '../call-timeout.ts'
import { isReadOnly, isSessionUseless, isStoreFailing, surelyFailed, StaleSessionError } from './errors.ts'
import type { StoreEvents } from '../store-watch.ts'

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
  /** A pooler such as PgBouncer in transaction mode stands between, and gives each transaction the session that is free. */
  | 'pooled'

/** PostgreSQL as Kysely uses it, with sessions that are thrown away once they are useless. */
export function postgresDialect(pool: pg.Pool, kind: SessionKind, events: StoreEvents): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(pool, kind, events),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}

class PostgresDriver implements Driver {
  readonly #pool: pg.Pool
  readonly #kind: SessionKind
  readonly #events: StoreEvents
  /** When each session that has its settings was made. */
  readonly #madeAt = new WeakMap<pg.PoolClient, number>()
  /** Sessions of before are replaced. */
  #trustedSince = -Infinity

  constructor(pool: pg.Pool, kind: SessionKind, events: StoreEvents) {
    this.#pool = pool
    this.#kind = kind
    this.#events = events
  }

  async init(): Promise<void> {
    // The pool connects when it is asked.
  }

  async acquireConnection(): Promise<Session> {
    for (;;) {
      const client = await this.#connect()
      const madeAt = this.#madeAt.get(client) ?? (await this.#prepare(client))
      if (madeAt >= this.#trustedSince)
        return new Session(client, this.#kind, (error) => this.#judge(error, madeAt), this.#events)
      client.release(true)
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await sessionOf(connection).begin()
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await sessionOf(connection).commit()
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await sessionOf(connection).rollback()
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    sessionOf(connection).release()
    return Promise.resolve()
  }

  async destroy(): Promise<void> {
    await this.#pool.end()
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      this.#events.onFailed()
      throw error
    }
  }

  async #prepare(client: pg.PoolClient): Promise<number> {
    try {
      if (this.#kind === 'own') await client.query(SESSION_SETTINGS)
    } catch (error) {
      client.release(true)
      this.#events.onFailed()
      throw error
    }
    const madeAt = performance.now()
    this.#madeAt.set(client, madeAt)
    return madeAt
  }

  /** Answers the error to throw for one that a session had. */
  #judge(error: unknown, madeAt: number): unknown {
    if (isStoreFailing(error)) this.#events.onFailed()
    if (!isSessionUseless(error)) return error
    const now = performance.now()
    if (now - this.#trustedSince >= DISTRUST_EVERY_MS) this.#trustedSince = now
    return isReadOnly(error) && now - madeAt > STALE_AFTER_MS ? new StaleSessionError(error) : error
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
  readonly #judge: (error: unknown) => unknown
  readonly #events: StoreEvents
  #inTransaction = false
  #useless = false

  constructor(client: pg.PoolClient, kind: SessionKind, judge: (error: unknown) => unknown, events: StoreEvents) {
    this.#client = client
    this.#kind = kind
    this.#judge = judge
    this.#events = events
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

  release(): void {
    this.#client.release(this.#useless || this.#inTransaction)
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
      this.#events.onServed()
      return result
    } catch (error) {
      this.#useless ||= isSessionUseless(error)
      throw this.#judge(error)
    }
  }
}
