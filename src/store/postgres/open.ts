import { hash } from 'node:crypto'
import { Kysely, sql } from 'kysely'
import pg from 'pg'
import { startDeadline, withTimeout } from '../../base/timeout.ts'
import { describeError, type Logger } from '../../observability/log.ts'
import type { Database } from '../queries/database.ts'
import { CALL_TIMEOUT_MS } from '../calls.ts'
import { postgresDialect, type SessionKind } from './driver.ts'
import { retryTransaction } from './retry.ts'
import { setUpPostgres, withExplicitSslMode } from './setup.ts'
import { createQueries } from '../queries/queries.ts'
import type { Schema } from '../schema.ts'
import type { Store, StoreEvents } from '../store.ts'

const DEFAULT_POOL_SIZE = 10
const CONNECT_TIMEOUT_MS = 3000
/** New sessions get the server's current settings, and connect to the address that its name has now. */
const SESSION_LIFE_S = 15 * 60
const CLOSE_TIMEOUT_MS = 3000

// Milliseconds and counts stay far below 2^53. Nothing else in this process talks to PostgreSQL.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

type PostgresAddress = { url: string; poolSize?: number }

/**
 * Opens a store in PostgreSQL, for any number of gateways.
 * @throws StoreSetupError
 */
export async function openPostgres(address: PostgresAddress, log: Logger, events: StoreEvents): Promise<Store> {
  const url = withExplicitSslMode(address.url)
  const kind = await setUpPostgres(url, { log })
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'kenar-chat-gateway',
    max: address.poolSize ?? DEFAULT_POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    maxLifetimeSeconds: SESSION_LIFE_S,
  })
  // The pool replaces an idle connection that fails. Without this listener the error would end the process.
  pool.on('error', (error) => {
    log.warn({ event: 'store.connection_lost', ...describeError(error) })
  })
  // The same for a connection in use, whose call fails by itself.
  pool.on('connect', (client) => client.on('error', () => undefined))
  endHungConnections(pool, events)
  const db = new Kysely<Schema>({ dialect: postgresDialect(pool, kind, events) })
  const queries = createQueries(describeDatabase(db))
  const signal = listenForQueued(url, db, kind, log)
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
      // A connection that hangs never closes.
      await withTimeout(CLOSE_TIMEOUT_MS, Promise.all([signal.close(), db.destroy()]))
    },
  }
}

/**
 * Ends a connection whose call has been given up. If its packets are lost, it would otherwise go back to the pool and block every call that
 * gets it, until the operating system gives up after about 15 minutes.
 */
function endHungConnections(pool: pg.Pool, events: StoreEvents): void {
  const deadlines = new Map<pg.PoolClient, () => void>()
  const end = (client: pg.PoolClient) => {
    events.onFailed()
    if (client instanceof pg.Client) void client.end()
  }
  pool.on('acquire', (client) => {
    const stop = startDeadline(CALL_TIMEOUT_MS, () => {
      end(client)
    })
    deadlines.set(client, stop)
  })
  pool.on('release', (_error, client) => {
    deadlines.get(client)?.()
    deadlines.delete(client)
  })
}

function describeDatabase(pool: Kysely<Schema>): Database {
  const database: Omit<Database, 'db' | 'write'> = {
    kind: 'postgres',
    now: sql<number>`cast(extract(epoch from statement_timestamp()) * 1000 as bigint)`,
    nextSeq: sql<number>`nextval(pg_get_serial_sequence('message', 'seq'))`,
    lockConversations: async (trx, conversations) => {
      if (conversations.length === 0) return
      const keys = [...new Set(conversations.map(lockKey))].sort()
      await sql`select pg_advisory_xact_lock(key) from unnest(cast(${keys} as bigint[])) as key`.execute(trx)
    },
    keyIdOf: (column) => sql<string>`split_part(${sql.ref(column)}, '.', 1)`,
    skipLocked: sql`for update skip locked`,
  }
  const within = (db: Kysely<Schema>): Database => {
    const trx: Database = { ...database, db, write: (work) => work(trx) }
    return trx
  }
  const write: Database['write'] = (work) =>
    retryTransaction(() => pool.transaction().execute((db) => work(within(db))))
  return { ...database, db: pool, write }
}

/** The key of a conversation's advisory lock, which has 64 bits. Two conversations with the same key only wait for each other. */
function lockKey(conversation: string): string {
  return hash('sha256', conversation, 'buffer').readBigInt64BE().toString()
}

const CHANNEL = 'kenar_outbox'
const RECONNECT_MS = 1000
/** NOTIFY takes a server-wide lock at commit, so it runs in its own transaction, at most this often. */
const ANNOUNCE_EVERY_MS = 100

/** Notifies the other gateways on this database of queued messages. If a notification is lost, the next poll finds the message. */
function listenForQueued(url: string, db: Kysely<Schema>, kind: SessionKind, log: Logger) {
  const wakes: (() => void)[] = []
  let client: pg.Client | undefined
  let reconnect: NodeJS.Timeout | undefined
  let replace: NodeJS.Timeout | undefined
  let announcing: NodeJS.Timeout | undefined
  let closed = false

  const connect = () => {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'kenar-chat-gateway listener',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    })
    client = next
    const lost = (error?: unknown) => {
      if (closed || client !== next) return
      client = undefined
      clearTimeout(replace)
      log.warn({ event: 'store.listener_lost', ...(error !== undefined && describeError(error)) })
      reconnect = setTimeout(connect, RECONNECT_MS)
    }
    next.on('error', lost).on('end', lost)
    next.on('notification', () => {
      for (const wake of wakes) wake()
    })
    next
      .connect()
      .then(() => next.query(`listen ${CHANNEL}`))
      .then(() => {
        if (!closed && client === next) replace = setTimeout(replaceSession, SESSION_LIFE_S * 1000, next)
      })
      .catch(lost)
  }
  const replaceSession = (old: pg.Client) => {
    connect()
    void old.end()
  }
  // A pooler keeps no session for a listening client, so no notification would arrive.
  if (kind === 'own') connect()
  else log.info({ event: 'store.polled', reason: 'a connection pooler does not pass LISTEN on' })

  return {
    onQueued: (wake: () => void) => void wakes.push(wake),
    announce: () => {
      announcing ??= setTimeout(() => {
        announcing = undefined
        sql
          .raw(`notify ${CHANNEL}`)
          .execute(db)
          .catch((error: unknown) => {
            log.debug({ event: 'store.not_announced', ...describeError(error) })
          })
      }, ANNOUNCE_EVERY_MS)
    },
    close: async () => {
      closed = true
      clearTimeout(reconnect)
      clearTimeout(replace)
      clearTimeout(announcing)
      await client?.end()
    },
  }
}
