import { sql, type RawBuilder } from 'kysely'
import type { Sealed, SealedRow } from '../store.ts'
import { hasNotPassed, OPEN_IN_LINE, type Query } from './database.ts'
import { excludeIds, insertNames, selectGrants } from './grants.ts'

/** Rows read of each kind, at most. A database may have millions, and the start of a gateway waits for this. */
const MOST = 10_000

export const keysInUse: Query<'keysInUse'> = async (database) => {
  const { db, keyIdOf, now } = database
  const all = sql<boolean>`1 = 1`
  const isGrantLive = hasNotPassed(database, 'ends_at')
  // By the plain clock: what expired while no gateway ran must not need its key at the next start.
  const isLive = sql<boolean>`expires_at > ${now}`
  const kinds = [
    indexed('message', 'body_key', all),
    indexed('message', 'answer_key', all),
    indexed('idempotency', 'reply_key', all),
    indexed('user_grant', 'content_key', isGrantLive),
    indexed('user_grant', 'previous_key', hasNotPassed(database, 'previous_until')),
    indexed('user_grant', 'names_key', isGrantLive),
    indexed('subscription', 'content_key', all),
    oldestAndNewest('idempotency', 'message_id', keyIdOf('fingerprint'), 'expires_at', isLive),
    oldestAndNewest('subscription', 'id', keyIdOf('mac'), 'seq', all),
    oldestAndNewest('message', 'id', keyIdOf('conversation'), 'conversation', OPEN_IN_LINE),
    oldestAndNewest('click', 'id', sql.ref('content_key'), 'expires_at', isLive),
    oldestAndNewest('consent', 'id', sql.ref('content_key'), 'expires_at', isLive),
  ]
  const { rows } = await sql<{ keyId: string; rows: number }>`
    select key_id as "keyId", cast(sum(rows) as bigint) as rows from (${sql.join(kinds, sql` union all `)}) used
    where rows > 0 group by key_id`.execute(db)
  return rows
}

/** Counts rows by key id. Steps from one key id to the next in the index, however many rows each has. */
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
 * Counts rows by key id where no index has the key ids: reads the oldest and the newest rows by an index over another column. Keys change
 * with time, so a key that is still needed has rows at one of the two ends.
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

/** The table of each kind of sealed row, and its id column. */
const SEALED = {
  body: [sql.table('message'), sql.ref('id')],
  answer: [sql.table('message'), sql.ref('id')],
  reply: [sql.table('idempotency'), sql.ref('message_id')],
} as const

export const findRowsUnderOtherKeys: Query<'findRowsUnderOtherKeys'> = async ({ db }, keyId, limit, except = []) => {
  const find = async (kind: SealedRow['kind']): Promise<SealedRow[]> => {
    const [table, id] = SEALED[kind]
    const skipped = except.flatMap((row) => (row.kind === kind ? [row.id] : []))
    const isWanted = skipped.length === 0 ? sql`` : sql`and ${id} not in (${sql.join(skipped)})`
    const { rows } = await sql<{ id: string } & Sealed>`
      select ${id} as id, ${sql.ref(kind)} as bytes, ${sql.ref(`${kind}_key`)} as "keyId" from ${table}
      where ${isOtherKey(`${kind}_key`, keyId)} ${isWanted} limit ${limit}`.execute(db)
    return rows.map(({ id: rowId, ...sealed }) => ({ kind, id: rowId, sealed }))
  }
  return [...(await find('body')), ...(await find('answer')), ...(await find('reply'))]
}

/** Two ranges of the index; `<>` would scan the table. */
export function isOtherKey(column: string, keyId: string) {
  const key = sql.ref(column)
  return sql<boolean>`${key} is not null and (${key} < ${keyId} or ${key} > ${keyId})`
}

export const reseal: Query<'reseal'> = (database, rows) =>
  database.write(async ({ db }) => {
    let replaced = 0
    for (const { was, now } of rows) {
      const [table, id] = SEALED[was.kind]
      const key = sql.ref(`${was.kind}_key`)
      const { numAffectedRows } = await sql`
        update ${table} set ${sql.ref(was.kind)} = ${now.bytes}, ${key} = ${now.keyId}
        where ${id} = ${was.id} and ${key} = ${was.sealed.keyId}`.execute(db)
      replaced += Number(numAffectedRows)
    }
    return replaced
  })

export const findGrantsUnderOtherKeys: Query<'findGrantsUnderOtherKeys'> = (database, keyId, limit, except = []) => {
  // One select for each index; a single condition would scan the table.
  const branches = ['content_key', 'names_key', 'previous_key'].map(
    (column) => sql`select id from (
      select id from user_grant where ${isOtherKey(column, keyId)} ${excludeIds(except)} limit ${limit}
    ) as ${sql.ref(`under_${column}`)}`,
  )
  return selectGrants(database, sql`id in (${sql.join(branches, sql` union `)}) limit ${limit}`)
}

export const resealGrants: Query<'resealGrants'> = (database, keyId, grants) =>
  database.write(async (trx) => {
    let replaced = 0
    for (const { id, version, content, previous, names } of grants) {
      const { numUpdatedRows } = await trx.db
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
        // A previous pair that was deleted in the meantime stays deleted.
        .$if(previous !== undefined, (update) => update.where('previous_until', 'is not', null))
        .executeTakeFirst()
      if (Number(numUpdatedRows) === 0) continue
      replaced += 1
      await trx.db.deleteFrom('grant_name').where('grant_id', '=', id).execute()
      await insertNames(trx, id, names)
    }
    return replaced
  })
