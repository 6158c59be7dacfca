import { sql, type RawBuilder } from 'kysely'
import { OPEN_IN_LINE, type Database } from './database.ts'

/** A database may have millions of rows, and a start waits for this: no more than so many of each kind are read. */
const MOST = 10_000

/** The ids of keys that rows need, and how many rows; of each kind at most `MOST`. */
export async function keysInUse(database: Database): Promise<{ keyId: string; rows: number }[]> {
  const { db, now, keyIdOf } = database
  const all = sql<boolean>`1 = 1`
  const isLive = sql<boolean>`ends_at > ${now}`
  const kinds = [
    indexed('message', 'body_key', all),
    indexed('idempotency', 'reply_key', all),
    indexed('user_grant', 'content_key', isLive),
    indexed('user_grant', 'previous_key', sql<boolean>`previous_until > ${now}`),
    indexed('user_grant', 'names_key', isLive),
    oldestAndNewest(
      'idempotency',
      'message_id',
      keyIdOf('fingerprint'),
      'expires_at',
      sql<boolean>`expires_at > ${now}`,
    ),
    oldestAndNewest('message', 'id', keyIdOf('conversation'), 'conversation', OPEN_IN_LINE),
    oldestAndNewest('click', 'id', sql.ref('content_key'), 'expires_at', sql<boolean>`expires_at > ${now}`),
    oldestAndNewest('consent', 'id', sql.ref('content_key'), 'expires_at', sql<boolean>`expires_at > ${now}`),
  ]
  const { rows } = await sql<{ key_id: string; rows: number }>`
    select key_id, cast(sum(rows) as bigint) as rows from (${sql.join(kinds, sql` union all `)}) used
    where rows > 0 group by key_id`.execute(db)
  return rows.map((row) => ({ keyId: row.key_id, rows: row.rows }))
}

/** Goes from each key's id to the next one in the index, however many rows each has. */
function indexed(table: string, column: string, condition: RawBuilder<boolean>): RawBuilder<unknown> {
  const [from, keyId] = [sql.table(table), sql.ref(column)]
  return sql`select key_id, rows from (
    with recursive found (key_id) as (
      select min(${keyId}) from ${from} where ${keyId} is not null
      union all
      select (select min(${keyId}) from ${from} where ${keyId} > found.key_id) from found where found.key_id is not null
    )
    select key_id, (
      select count(*) from (
        select 1 from ${from} where ${keyId} = found.key_id and ${condition} limit ${sql.lit(MOST)}
      ) counted
    ) as rows from found where key_id is not null
  ) of_${sql.raw(table)}_${sql.raw(column)}`
}

/**
 * Where no index knows the keys: rows at both ends of an index over their time. Keys change with time, so a key that is still needed has
 * rows at one of them.
 */
function oldestAndNewest(
  table: string,
  id: string,
  keyId: RawBuilder<unknown>,
  order: string,
  condition: RawBuilder<boolean>,
): RawBuilder<unknown> {
  const end = (direction: 'asc' | 'desc') => sql`select id, key_id from (
    select ${sql.ref(id)} as id, ${keyId} as key_id from ${sql.table(table)} where ${condition}
    order by ${sql.ref(order)} ${sql.raw(direction)} limit ${sql.lit(MOST / 2)}
  ) ${sql.raw(direction === 'asc' ? 'oldest' : 'newest')}`
  return sql`select key_id, count(*) as rows from (${end('asc')} union ${end('desc')}) ends group by key_id`
}
