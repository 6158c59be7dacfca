import { sql } from 'kysely'
import type { ResealedGrant, StoredGrant } from '../consent-store.ts'
import type { Database } from './database.ts'
import { butFor, insertNames, selectGrants } from './grants.ts'

/** Each condition stands twice: a row that is given new time while the batch is chosen is looked at again before it goes. */
export async function expire({ db, now }: Database, limit: number): Promise<number> {
  let gone = 0
  for (const [table, time] of [
    ['click', 'expires_at'],
    ['consent', 'expires_at'],
    ['user_grant', 'ends_at'],
  ] as const) {
    const { numAffectedRows } = await sql`
      delete from ${sql.table(table)} where id in (
        select id from ${sql.table(table)} where ${sql.ref(time)} <= ${now} limit ${limit}
      ) and ${sql.ref(time)} <= ${now}`.execute(db)
    gone += Number(numAffectedRows)
  }
  const isOver = sql<boolean>`previous_until is not null and previous_until <= ${now}`
  const former = db.selectFrom('user_grant').select('id').where(isOver).limit(limit)
  const { numUpdatedRows } = await db
    .updateTable('user_grant')
    .set({ previous: null, previous_key: null, previous_until: null })
    .where('id', 'in', former)
    .where(isOver)
    .executeTakeFirst()
  return gone + Number(numUpdatedRows)
}

export function grantsUnderOthers(
  database: Database,
  keyId: string,
  limit: number,
  except: readonly string[] = [],
): Promise<StoredGrant[]> {
  // One index each, in place of one scan for all three.
  const branch = (column: string) => sql`
    select id from (
      select id from user_grant
      where ${sql.ref(column)} is not null and (${sql.ref(column)} < ${keyId} or ${sql.ref(column)} > ${keyId}) ${butFor(except)}
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

export async function countGrants({ db, now }: Database): Promise<number> {
  const row = await db
    .selectFrom('user_grant')
    .select(({ fn }) => fn.countAll<number>().as('grants'))
    .where('ends_at', '>', now)
    .executeTakeFirst()
  return row?.grants ?? 0
}
