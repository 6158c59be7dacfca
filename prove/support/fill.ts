import SqliteFile from 'better-sqlite3'
import pg from 'pg'
import type { Database } from './databases.ts'

/** In this many rows one is queued, for a day that is far off; the others are delivered. */
const QUEUED_EVERY = 10
const CALLERS = 50
const MESSAGES_PER_CONVERSATION = 7

/** What the two dialects say differently. */
const DIALECT = {
  sqlite: { id: 'lower(hex(randomblob(12)))', body: 'randomblob(512)', now: "unixepoch('subsec') * 1000" },
  postgres: {
    id: 'substr(md5(random()::text), 1, 24)',
    body: "decode(repeat(md5(random()::text), 32), 'hex')",
    now: 'extract(epoch from now()) * 1000',
  },
} as const

/** Fills the tables of a store that was opened before, without passing a million messages through it. */
export async function fill({ kind, url }: Database, rows: number): Promise<void> {
  const { id, body, now } = DIALECT[kind]
  const statements = [
    `insert into message (id, caller, wire, conversation, in_line, state, at_least_once, body, body_key, attempts,
       due_at, give_up_at, request_id, created_at, finished_at)
     with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows}),
       made (i, queued, at) as (select i, i % ${QUEUED_EVERY} = 0, cast(${now} as bigint) from n)
     select 'msg_' || ${id}, 'caller-' || (i % ${CALLERS}), 'v2', 'conversation-' || (i / ${MESSAGES_PER_CONVERSATION}), 1,
       case when queued then 'queued' else 'delivered' end, 0,
       case when queued then ${body} end, case when queued then 'prove' end, case when queued then 0 else 1 end,
       case when queued then at + 1000000000 + i end, at + 2000000000, 'req_prove', at,
       case when queued then null else at end
     from made`,
    `insert into attempt (message_id, number, begun_at, ended_at, outcome, status)
     select id, 1, created_at, finished_at, 'delivered', 200 from message where state = 'delivered'`,
  ]
  await (kind === 'sqlite' ? runOnSqlite(url, statements) : runOnPostgres(url, [...statements, 'vacuum analyze']))
}

function runOnSqlite(url: string, statements: readonly string[]): Promise<void> {
  const file = new SqliteFile(url.replace(/^file:/, ''))
  try {
    file.pragma('synchronous = off')
    for (const statement of statements) file.exec(statement)
  } finally {
    file.close()
  }
  return Promise.resolve()
}

async function runOnPostgres(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
