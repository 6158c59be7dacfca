import { sql, type RawBuilder } from 'kysely'
import type { ResealedGrant, StoredGrant } from '../consent-store.ts'
import { OPEN_IN_LINE, type Database } from './database.ts'
import { excludeIds, insertNames, selectGrants } from './grants.ts'
import type { Sealed, SealedRow } from '../store.ts'

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

export async function findRowsUnderOtherKeys(
  { db }: Database,
  keyId: string,
  limit: number,
  except: readonly Pick<SealedRow, 'kind' | 'id'>[] = [],
): Promise<SealedRow[]> {
  const idsOf = (kind: SealedRow['kind']) => except.flatMap((row) => (row.kind === kind ? [row.id] : []))
  const [bodyIds, replyIds] = [idsOf('body'), idsOf('reply')]
  const bodies = await db
    .selectFrom('message')
    .select(['id', 'body as bytes', 'body_key as keyId'])
    .where(sql<boolean>`body_key is not null and (body_key < ${keyId} or body_key > ${keyId})`)
    .$if(bodyIds.length > 0, (query) => query.where('id', 'not in', bodyIds))
    .limit(limit)
    .execute()
  const replies = await db
    .selectFrom('idempotency')
    .select(['message_id as id', 'reply as bytes', 'reply_key as keyId'])
    .where(sql<boolean>`reply_key is not null and (reply_key < ${keyId} or reply_key > ${keyId})`)
    .$if(replyIds.length > 0, (query) => query.where('message_id', 'not in', replyIds))
    .limit(limit)
    .execute()
  return [...bodies.flatMap((row) => toSealed('body', row)), ...replies.flatMap((row) => toSealed('reply', row))]
}

type Found = { id: string; bytes: Uint8Array | null; keyId: string | null }

function toSealed(kind: SealedRow['kind'], { id, bytes, keyId }: Found): SealedRow[] {
  return bytes === null || keyId === null ? [] : [{ kind, id, sealed: { keyId, bytes } }]
}

export function reseal(database: Database, rows: readonly { was: SealedRow; now: Sealed }[]): Promise<number> {
  return database.write(async (trx) => {
    let replaced = 0
    for (const { was, now } of rows) {
      const { numUpdatedRows } = await (
        was.kind === 'body'
          ? trx
              .updateTable('message')
              .set({ body: now.bytes, body_key: now.keyId })
              .where('id', '=', was.id)
              .where('body_key', '=', was.sealed.keyId)
          : trx
              .updateTable('idempotency')
              .set({ reply: now.bytes, reply_key: now.keyId })
              .where('message_id', '=', was.id)
              .where('reply_key', '=', was.sealed.keyId)
      ).executeTakeFirst()
      replaced += Number(numUpdatedRows)
    }
    return replaced
  })
}

export function findGrantsUnderOtherKeys(
  database: Database,
  keyId: string,
  limit: number,
  except: readonly string[] = [],
): Promise<StoredGrant[]> {
  // One index each, in place of one scan for all three.
  const branch = (column: string) => sql`
    select id from (
      select id from user_grant
      where ${sql.ref(column)} is not null and (${sql.ref(column)} < ${keyId} or ${sql.ref(column)} > ${keyId}) ${excludeIds(except)}
      limit ${limit}
    ) as ${sql.ref(`under_${column}`)}`
  const branches = ['content_key', 'names_key', 'previous_key'].map(branch)
  return selectGrants(database, sql`id in (${sql.join(branches, sql` union `)}) limit ${limit}`)
}

export function resealGrants(database: Database, keyId: string, grants: readonly ResealedGrant[]): Promise<number> {
  return database.write(async (trx) => {
    let replaced = 0
    for (const { id, version, content, previous, names } of grants) {
      const { numUpdatedRows } = await trx
        .updateTable('user_grant')
        .set({
          content: content.bytes,
          content_key: content.keyId,
          names_key: keyId,
          previous: previous?.bytes ?? null,
          previous_key: previous?.keyId ?? null,
          ...(previous === undefined && { previous_until: null }),
        })
        .where('id', '=', id)
        .where('version', '=', version)
        // A former pair that was wiped since stays wiped.
        .$if(previous !== undefined, (update) => update.where('previous_until', 'is not', null))
        .executeTakeFirst()
      if (Number(numUpdatedRows) === 0) continue
      replaced += 1
      await trx.deleteFrom('grant_name').where('grant_id', '=', id).execute()
      await insertNames(trx, id, names)
    }
    return replaced
  })
}
