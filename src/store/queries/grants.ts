import { sql, type RawBuilder, type Selectable } from 'kysely'
import type { NewGrant, StoredGrant, TokenTimes } from '../consent-store.ts'
import type { UserGrantTable } from '../schema.ts'
import { after, hasNotPassed, isWrittenLater, sealedIn, type Database, type Query } from './database.ts'

type Row = Selectable<UserGrantTable> & { now: number; has_previous: number }

function readGrant(row: Row): StoredGrant {
  const { now } = row
  return {
    seq: row.seq,
    id: row.id,
    content: sealedIn(row.content, row.content_key),
    previous: row.has_previous === 1 ? sealedIn(row.previous, row.previous_key) : undefined,
    version: row.version,
    accessMs: row.access_until - now,
    refreshMs: row.refresh_until === null ? undefined : row.refresh_until - now,
    pairAgeMs: now - row.refreshed_at,
    createdAt: row.created_at,
    refreshedAt: row.refreshed_at,
  }
}

/** Selects whole rows, with the current time. */
async function selectRows(database: Database, where: RawBuilder<unknown>): Promise<Row[]> {
  const { rows } = await sql<Row>`
    select user_grant.*, ${database.now} as now,
      case when ${hasNotPassed(database, 'previous_until')} then 1 else 0 end as has_previous
    from user_grant where ${where}`.execute(database.db)
  return rows
}

export async function selectGrants(database: Database, where: RawBuilder<unknown>): Promise<StoredGrant[]> {
  return (await selectRows(database, where)).map(readGrant)
}

export const addGrant: Query<'addGrant'> = ({ now, write }, grant) =>
  write(async (trx) => {
    const { id, content, names } = grant
    const sealed = { content: content.bytes, content_key: content.keyId, names_key: content.keyId }
    const row = { id, ...sealed, ...times(now, grant), created_at: now, refreshed_at: now }
    await trx.db.insertInto('user_grant').values(row).execute()
    await insertNames(trx, id, names)
    await supersede(trx, grant)
  })

export async function insertNames({ db }: Database, id: string, names: NewGrant['names']): Promise<void> {
  if (names.length === 0) return
  const rows = names.map(({ kind, macs: [name] }) => ({ name, kind, grant_id: id }))
  await db
    .insertInto('grant_name')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Deletes older grants that this one covers. */
async function supersede({ db }: Database, { id, names }: NewGrant): Promise<void> {
  const owned = names.filter(({ kind }) => kind === 'owned').flatMap(({ macs }) => macs)
  if (owned.length === 0) return
  const listed = sql.join(owned)
  await sql`
    delete from user_grant where id <> ${id} and erased_at is null
      and id in (select grant_id from grant_name where name in (${listed}))
      and not exists (
        select 1 from grant_name other
        where other.grant_id = user_grant.id and other.kind = 'owned' and other.name not in (${listed})
      )`.execute(db)
}

/** Neither expired nor ended by the erasure of a person. */
function isUsable(database: Database): RawBuilder<boolean> {
  return sql<boolean>`${hasNotPassed(database, 'ends_at')} and erased_at is null`
}

/** Live grants of these names, newest first. */
function selectNamed(database: Database, macs: readonly string[], limit: number, cursor?: number) {
  const older = cursor === undefined ? sql`` : sql`and seq < ${cursor}`
  return selectGrants(
    database,
    sql`${isUsable(database)} ${older}
      and id in (select grant_id from grant_name where name in (${sql.join(macs)}))
      order by seq desc limit ${limit}`,
  )
}

export const findGrantsByName: Query<'findGrantsByName'> = async (database, macs, limit) =>
  macs.length === 0 ? [] : selectNamed(database, macs, limit)

export const findGrant: Query<'findGrant'> = async (database, id) => {
  const [grant] = await selectGrants(database, sql`id = ${id} and ${isUsable(database)}`)
  return grant
}

export const listGrants: Query<'listGrants'> = async (database, macs, { cursor, limit }) => {
  const found = await selectNamed(database, macs, limit + 1, cursor)
  const grants = found.slice(0, limit)
  return { grants, nextCursor: found.length > limit ? grants.at(-1)?.seq : undefined }
}

export const deleteGrant: Query<'deleteGrant'> = async ({ db }, id) => {
  const { numDeletedRows } = await db.deleteFrom('user_grant').where('id', '=', id).executeTakeFirst()
  return Number(numDeletedRows) === 1
}

export const claimRefresh: Query<'claimRefresh'> = async (database, id, version, owner, leaseMs) => {
  const { db, now } = database
  const { numUpdatedRows } = await db
    .updateTable('user_grant')
    .set({ lease_owner: owner, lease_until: after(now, leaseMs), lease_set_at: now })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('erased_at', 'is', null)
    .where(isLeaseOver(database))
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 1) return { kind: 'claimed' }
  // One read gives the version and the lease: the owner of the lease may commit at any moment.
  const [row] = await selectRows(database, sql`id = ${id} and ${isUsable(database)}`)
  if (row === undefined) return { kind: 'gone' }
  if (row.version !== version) return { kind: 'changed', grant: readGrant(row) }
  return { kind: row.lease_owner === null && (row.lease_until ?? 0) > row.now ? 'backing_off' : 'busy' }
}

const holdsLease = (id: string, version: number, owner: string) =>
  sql<boolean>`id = ${id} and version = ${version} and lease_owner = ${owner}`

export const commitRefresh: Query<'commitRefresh'> = async ({ db, now }, refreshed) => {
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
    .where(holdsLease(id, version, owner))
    .executeTakeFirst()
  return Number(numUpdatedRows) === 1
}

export const endGrant: Query<'endGrant'> = async ({ db }, id, version, owner) => {
  const ended = db.deleteFrom('user_grant').where(holdsLease(id, version, owner))
  return Number((await ended.executeTakeFirst()).numDeletedRows) === 1
}

export const backOffRefresh: Query<'backOffRefresh'> = async ({ db, now }, id, owner, backOffMs) => {
  await db
    .updateTable('user_grant')
    .set({ lease_owner: null, lease_until: after(now, backOffMs), lease_set_at: now })
    .where('id', '=', id)
    .where('lease_owner', '=', owner)
    .execute()
}

export const findExpiringGrants: Query<'findExpiringGrants'> = (database, leftMs, limit, except = []) =>
  selectGrants(
    database,
    sql`refresh_until is not null and refresh_until > ${database.now} and refresh_until <= ${after(database.now, leftMs)}
      and erased_at is null and ${isLeaseOver(database)} ${excludeIds(except)} order by refresh_until limit ${limit}`,
  )

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
