import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely'
import type { GrantPage, GrantStore, NewGrant, RefreshClaim, StoredGrant, TokenTimes } from '../consent-store.ts'
import { sealedIn } from './consents.ts'
import { after, hasNotPassed, isWrittenLater, type Database } from './database.ts'
import type { Schema, UserGrantTable } from '../schema.ts'

type Row = Selectable<UserGrantTable> & { now: number }

export function readGrant(row: Row): StoredGrant {
  const { now, previous, previous_key: previousKey, previous_until: until } = row
  return {
    seq: row.seq,
    id: row.id,
    content: sealedIn(row),
    previous:
      previous !== null && previousKey !== null && until !== null && until > now
        ? { keyId: previousKey, bytes: previous }
        : undefined,
    version: row.version,
    accessMs: row.access_until - now,
    refreshMs: row.refresh_until === null ? undefined : row.refresh_until - now,
    pairAgeMs: now - row.refreshed_at,
    createdAt: row.created_at,
    refreshedAt: row.refreshed_at,
  }
}

/** Whole rows, with the time by which they are judged. */
async function selectRows({ db, now }: Database, where: RawBuilder<unknown>): Promise<Row[]> {
  const { rows } = await sql<Row>`select user_grant.*, ${now} as now from user_grant where ${where}`.execute(db)
  return rows
}

export async function selectGrants(database: Database, where: RawBuilder<unknown>): Promise<StoredGrant[]> {
  return (await selectRows(database, where)).map(readGrant)
}

export function addGrant(database: Database, grant: NewGrant): Promise<void> {
  const { now } = database
  return database.write(async (trx) => {
    await trx
      .insertInto('user_grant')
      .values({
        id: grant.id,
        content: grant.content.bytes,
        content_key: grant.content.keyId,
        names_key: grant.content.keyId,
        ...times(now, grant),
        created_at: now,
        refreshed_at: now,
      })
      .execute()
    await insertNames(trx, grant.id, grant.names)
    await supersede(trx, grant)
  })
}

export async function insertNames(trx: Kysely<Schema>, id: string, names: NewGrant['names']): Promise<void> {
  if (names.length === 0) return
  const rows = names.map(({ kind, macs: [name] }) => ({ name, kind, grant_id: id }))
  await trx
    .insertInto('grant_name')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Deletes older grants that this one covers. */
async function supersede(trx: Kysely<Schema>, { id, names }: NewGrant): Promise<void> {
  const owned = names.filter(({ kind }) => kind === 'owned').flatMap(({ macs }) => macs)
  if (owned.length === 0) return
  const listed = sql.join(owned)
  await sql`
    delete from user_grant where id <> ${id}
      and id in (select grant_id from grant_name where name in (${listed}))
      and not exists (
        select 1 from grant_name other
        where other.grant_id = user_grant.id and other.kind = 'owned' and other.name not in (${listed})
      )`.execute(trx)
}

export async function findGrantsByName(
  database: Database,
  macs: readonly string[],
  limit: number,
): Promise<StoredGrant[]> {
  if (macs.length === 0) return []
  return selectGrants(
    database,
    sql`${hasNotPassed(database, 'ends_at')} and id in (select grant_id from grant_name where name in (${sql.join(macs)}))
      order by seq desc limit ${limit}`,
  )
}

export async function findGrant(database: Database, id: string): Promise<StoredGrant | undefined> {
  const [grant] = await selectGrants(database, sql`id = ${id} and ${hasNotPassed(database, 'ends_at')}`)
  return grant
}

export async function listGrants(
  database: Database,
  macs: readonly string[],
  { cursor, limit }: Parameters<GrantStore['listGrants']>[1],
): Promise<GrantPage> {
  const older = cursor === undefined ? sql`` : sql`and seq < ${cursor}`
  const found = await selectGrants(
    database,
    sql`${hasNotPassed(database, 'ends_at')} ${older}
      and id in (select grant_id from grant_name where name in (${sql.join(macs)}))
      order by seq desc limit ${limit + 1}`,
  )
  const grants = found.slice(0, limit)
  return { grants, nextCursor: found.length > limit ? grants.at(-1)?.seq : undefined }
}

export async function deleteGrant({ db }: Database, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('user_grant').where('id', '=', id).executeTakeFirst()
  return Number(numDeletedRows) === 1
}

export async function claimRefresh(
  database: Database,
  id: string,
  version: number,
  owner: string,
  leaseMs: number,
): Promise<RefreshClaim> {
  const { db, now } = database
  const { numUpdatedRows } = await db
    .updateTable('user_grant')
    .set({ lease_owner: owner, lease_until: after(now, leaseMs), lease_set_at: now })
    .where('id', '=', id)
    .where('version', '=', version)
    .where(isLeaseOver(database))
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 1) return { kind: 'claimed' }
  // One read for all: the owner of the lease may commit at any moment.
  const [row] = await selectRows(database, sql`id = ${id} and ${hasNotPassed({ now }, 'ends_at')}`)
  if (row === undefined) return { kind: 'gone' }
  if (row.version !== version) return { kind: 'changed', grant: readGrant(row) }
  return { kind: row.lease_owner === null && (row.lease_until ?? 0) > row.now ? 'backing_off' : 'busy' }
}

export async function commitRefresh(
  { db, now }: Database,
  refreshed: Parameters<GrantStore['commitRefresh']>[0],
): Promise<boolean> {
  const { id, version, owner, content, previous, previousMs } = refreshed
  const { numUpdatedRows } = await db
    .updateTable('user_grant')
    .set({
      content: content.bytes,
      content_key: content.keyId,
      previous: previous.bytes,
      previous_key: previous.keyId,
      previous_until: after(now, previousMs),
      version: sql<number>`version + 1`,
      ...times(now, refreshed),
      lease_owner: null,
      lease_until: null,
      refreshed_at: now,
    })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('lease_owner', '=', owner)
    .executeTakeFirst()
  return Number(numUpdatedRows) === 1
}

export async function endGrant({ db }: Database, id: string, version: number, owner: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('user_grant')
    .where('id', '=', id)
    .where('version', '=', version)
    .where('lease_owner', '=', owner)
    .executeTakeFirst()
  return Number(numDeletedRows) === 1
}

export async function backOffRefresh(
  { db, now }: Database,
  id: string,
  owner: string,
  backOffMs: number,
): Promise<void> {
  await db
    .updateTable('user_grant')
    .set({ lease_owner: null, lease_until: after(now, backOffMs), lease_set_at: now })
    .where('id', '=', id)
    .where('lease_owner', '=', owner)
    .execute()
}

export function findExpiringGrants(
  database: Database,
  leftMs: number,
  limit: number,
  except: readonly string[] = [],
): Promise<StoredGrant[]> {
  const { now } = database
  return selectGrants(
    database,
    sql`refresh_until is not null and refresh_until > ${now} and refresh_until <= ${after(now, leftMs)}
      and ${isLeaseOver(database)} ${excludeIds(except)} order by refresh_until limit ${limit}`,
  )
}

/** Leaves out the grants of these ids. */
export function excludeIds(ids: readonly string[]): RawBuilder<unknown> {
  return ids.length === 0 ? sql`` : sql`and id not in (${sql.join(ids)})`
}

/** A lease that was written by a clock that was ahead counts as over. */
function isLeaseOver(database: Database) {
  const isLater = isWrittenLater(database, 'lease_set_at')
  return sql<boolean>`(lease_until is null or lease_until <= ${database.now} or ${isLater})`
}

function times(now: Database['now'], { accessMs, refreshMs }: TokenTimes) {
  return {
    access_until: after(now, accessMs),
    refresh_until: refreshMs === undefined ? null : after(now, refreshMs),
    ends_at: after(now, Math.max(accessMs, refreshMs ?? 0)),
  }
}
