import SqliteFile from 'better-sqlite3'
import pg from 'pg'
import { fileOf, type Database } from './databases.ts'

const DAY_MS = 86_400_000
/** In this many rows one is an event; the others are messages. */
const EVENT_EVERY = 3
/** In this many rows one needed two attempts; the others one. */
const RETRIED_EVERY = 20
const CALLERS = 5
const MESSAGES_PER_CONVERSATION = 7

/** Rows of messages and events, their attempts and their idempotency keys, as a gateway would have left them. */
export type Filling = {
  rows: number
  /** When the newest ended, and how much earlier each one before it; milliseconds. */
  newestAt: number
  spacingMs: number
  /** Contents and keys are there for 24 h before this time; now by default. */
  now?: number
  /** The key that contents are sealed with, so that no gateway of these programs tries to open them. */
  keyId?: string
  /** How many wait, for a day that is far off; the others have ended. 0 by default. */
  waiting?: number
  /** In this many rows one was rejected, and its content is kept for 24 h; the others were delivered. 50 by default. */
  rejectedEvery?: number
  /** In this many messages one had an `Idempotency-Key`; events always have a key. 2 by default. */
  keyedEvery?: number
  /** For a few rows beside many. Otherwise the indexes are dropped first and made last, which is many times faster for many rows. */
  keepIndexes?: boolean
}

/** The expressions that the two dialects write differently. */
const DIALECT = {
  sqlite: { random: 'lower(hex(randomblob(12)))', bytes: (length: number) => `randomblob(${length})` },
  postgres: {
    random: 'substr(md5(random()::text), 1, 24)',
    bytes: (length: number) =>
      `decode(${Array.from({ length: length / 16 }, () => 'md5(random()::text)').join(' || ')}, 'hex')`,
  },
} as const

/** Fills the tables of a store that was opened before, without passing millions of messages through it. */
export async function fill(database: Database, filling: Filling): Promise<void> {
  const statements = insertions(database.kind, filling)
  const run = { statements, keepIndexes: filling.keepIndexes ?? false }
  await (database.kind === 'sqlite' ? runOnSqlite(database, run) : runOnPostgres(database.url, run))
}

/** The columns are as wide as a gateway's: ids of 28 characters, conversations of 33, sealed contents of some hundred bytes. */
function insertions(kind: Database['kind'], filling: Filling): string[] {
  const { rows, newestAt, spacingMs, now = Date.now(), keyId = 'provekey', waiting = 0 } = filling
  const { rejectedEvery = 50, keyedEvery = 2 } = filling
  const { random, bytes } = DIALECT[kind]
  const firstAt = Math.round(newestAt - rows * spacingMs)
  const dayAgo = now - DAY_MS
  const isNew = `seq > (select max(seq) from message) - ${rows}`
  const queuedEvery = waiting === 0 ? rows + 1 : Math.floor(rows / waiting)
  return [
    `insert into message (id, caller, wire, conversation, in_line, state, at_least_once, body, body_key, attempts,
       due_at, give_up_at, request_id, created_at, finished_at, wipe_at)
     with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows}),
       timed (i, at) as (select i, ${firstAt} + cast(i * cast(${spacingMs} as double precision) as bigint) from n),
       made (i, at, state) as (select i, at, case when i % ${queuedEvery} = 0 then 'queued'
         when i % ${rejectedEvery} = 0 then 'rejected' else 'delivered' end from timed),
       kept (i, at, state, is_kept) as (
         select i, at, state, state = 'queued' or (state = 'rejected' and at > ${dayAgo}) from made)
     select 'msg_' || ${random}, case when i % ${EVENT_EVERY} = 0 then '@events' else 'caller-' || (i % ${CALLERS}) end,
       case when i % ${EVENT_EVERY} = 0 then 'event' else 'v2' end,
       '${keyId}.' || ${hexOf(kind, `i / ${MESSAGES_PER_CONVERSATION}`)}, 1, state, 0,
       case when is_kept then ${bytes(512)} end, case when is_kept then '${keyId}' end,
       case when state = 'queued' then 0 when i % ${RETRIED_EVERY} = 0 then 2 else 1 end,
       case when state = 'queued' then ${newestAt + DAY_MS * 365} + i end, at + ${DAY_MS}, 'req_' || ${random}, at - 500,
       case when state <> 'queued' then at end,
       case when is_kept and state <> 'queued' then at + ${DAY_MS} end
     from kept`,
    `insert into attempt (message_id, number, begun_at, ended_at, outcome, status)
     select id, number, created_at + 100 * number, finished_at, case when number < attempts then 'platform_error' else state end,
       case when number < attempts then 503 when state = 'delivered' then 200 else 400 end
     from message join (select 1 as number union all select 2) numbers on number <= attempts
     where ${isNew} and finished_at is not null order by seq, number`,
    `insert into idempotency (caller, key, fingerprint, message_id, reply, reply_key, expires_at)
     select caller, '${keyId}.' || ${random}, '${keyId}.' || ${random}, id,
       case when wire = 'v2' then ${bytes(128)} end, case when wire = 'v2' then '${keyId}' end, finished_at + ${DAY_MS}
     from message where ${isNew} and finished_at > ${dayAgo} and (wire = 'event' or seq % ${keyedEvery} = 0) order by seq`,
  ]
}

/** 24 characters, the same for the same number. */
function hexOf(kind: Database['kind'], number: string): string {
  return kind === 'sqlite' ? `printf('%024x', ${number})` : `lpad(to_hex(${number}), 24, '0')`
}

type Run = { statements: readonly string[]; keepIndexes: boolean }

async function runOnSqlite(database: Database, { statements, keepIndexes }: Run): Promise<void> {
  const file = new SqliteFile(fileOf(database))
  try {
    for (const setting of ['journal_mode = delete', 'journal_mode = off', 'synchronous = off', 'cache_size = -2000000'])
      file.pragma(setting)
    const indexes = file
      .prepare<[], { name: string; sql: string }>(
        `select name, sql from sqlite_master where type = 'index' and sql is not null`,
      )
      .all()
    const dropped = keepIndexes ? [] : indexes
    for (const { name } of dropped) file.exec(`drop index ${name}`)
    for (const statement of [...statements, ...dropped.map(({ sql }) => sql)]) file.exec(statement)
    file.pragma('journal_mode = wal')
  } finally {
    file.close()
  }
  return Promise.resolve()
}

/** Constraints and indexes of the tables that are filled; foreign keys are dropped first and made last. */
const CONSTRAINTS = `
  select conname as name, conrelid::regclass as "table", pg_get_constraintdef(oid) as sql from pg_constraint
  where conrelid in ('message'::regclass, 'attempt'::regclass, 'idempotency'::regclass)
  order by contype <> 'f'`
const INDEXES = `
  select indexname as name, indexdef as sql from pg_indexes
  where schemaname = current_schema() and tablename in ('message', 'attempt', 'idempotency')`

async function runOnPostgres(url: string, { statements, keepIndexes }: Run): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("set synchronous_commit = off; set maintenance_work_mem = '512MB'; set work_mem = '256MB'")
    const makeIndexes = keepIndexes ? undefined : await dropIndexes(client)
    for (const statement of statements) await client.query(statement)
    await makeIndexes?.()
    if (!keepIndexes) await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

/** @returns what makes them again */
async function dropIndexes(client: pg.Client): Promise<() => Promise<void>> {
  const { rows: constraints } = await client.query<{ name: string; table: string; sql: string }>(CONSTRAINTS)
  for (const { name, table } of constraints) await client.query(`alter table ${table} drop constraint ${name}`)
  const { rows: indexes } = await client.query<{ name: string; sql: string }>(INDEXES)
  for (const { name } of indexes) await client.query(`drop index ${name}`)
  return async () => {
    for (const { sql } of indexes) await client.query(sql)
    for (const { name, table, sql } of constraints.toReversed()) {
      await client.query(`alter table ${table} add constraint ${name} ${sql}`)
    }
  }
}
