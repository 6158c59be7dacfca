import { sql, type RawBuilder, type Selectable } from 'kysely'
import type { SubscriptionTable } from '../schema.ts'
import type { NewSubscription, StoredSubscription, SubscriptionState } from '../subscription-store.ts'
import { hasNotPassed, sealedIn, type Database, type Query } from './database.ts'
import { excludeIds } from './grants.ts'
import { isOtherKey } from './key-rotation.ts'

/** Live grants that cover the subscription `s`, as `g`; one by several names comes several times. */
export function coveringGrants(database: Database): RawBuilder<unknown> {
  return sql`subscription_name sn join grant_name gn on gn.name = sn.name join user_grant g on g.id = gn.grant_id
    where sn.subscription_id = s.id and sn.kind = 'owned' and ${isLive(database)}`
}

/** Whether the grant `g` is live. */
export function isLive(database: Database): RawBuilder<boolean> {
  return sql<boolean>`${hasNotPassed(database, sql<number>`g.ends_at`)} and g.erased_at is null`
}

/** The state of the subscription `s`, joined with its grant `g`. */
function stateOf({ now }: Database): RawBuilder<SubscriptionState> {
  return sql`case
    when g.id is null then 'waiting'
    when s.outcome = 'failed' then 'failed'
    when s.outcome = 'registered' and s.active_until > ${now} then 'active'
    else 'waiting' end`
}

function withGrant(database: Database): RawBuilder<unknown> {
  return sql`subscription s left join user_grant g on g.id = s.grant_id and ${isLive(database)}`
}

type Row = Selectable<SubscriptionTable> & { state: SubscriptionState; needs_consent: number }

async function select(database: Database, where: RawBuilder<unknown>): Promise<StoredSubscription[]> {
  const { rows } = await sql<Row>`
    select * from (
      select s.*, ${stateOf(database)} as state,
        case when s.outcome = 'uncovered' or (g.id is null and not exists (select 1 from ${coveringGrants(database)}))
          then 1 else 0 end as needs_consent
      from ${withGrant(database)}
    ) shown where ${where}`.execute(database.db)
  return rows.map(({ seq, id, caller, content, content_key, state, needs_consent, due_at, created_at }) => {
    const needsConsent = state === 'waiting' && needs_consent === 1
    const shown = { seq, id, caller, content: sealedIn(content, content_key), state, needsConsent }
    return { ...shown, nextAttemptAt: needsConsent ? null : due_at, createdAt: created_at }
  })
}

export const putSubscription: Query<'putSubscription'> = (database, subscription) =>
  database.write(async (trx) => {
    const { caller, macs, max } = subscription
    // Counting and adding must not overlap for one caller.
    await trx.lockConversations(trx.db, [`subscriptions of ${caller}`])
    const known = await trx.db
      .selectFrom('subscription')
      .select(['id', 'failures'])
      .where('caller', '=', caller)
      .where('mac', 'in', [...macs])
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst()
    if (known === undefined && (await countOf(trx, caller)) >= max) return undefined
    const { id } = known ?? subscription
    if (known === undefined) await insert(trx, subscription)
    if (known !== undefined && known.failures > 0) await retryNow(trx, id)
    const [stored] = await select(trx, sql`id = ${id}`)
    return stored
  })

async function countOf({ db }: Database, caller: string): Promise<number> {
  const { count } = await db
    .selectFrom('subscription')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('caller', '=', caller)
    .executeTakeFirstOrThrow()
  return count
}

async function insert(trx: Database, { id, caller, macs: [mac], content, names }: NewSubscription): Promise<void> {
  const { db, now } = trx
  const sealed = { content: content.bytes, content_key: content.keyId }
  const row = { id, caller, mac, ...sealed, due_at: now, due_set_at: now, created_at: now }
  await db.insertInto('subscription').values(row).execute()
  await insertNames(trx, id, names)
}

/** Under every key, since a grant that covers it may still be named under an older one. */
async function insertNames({ db }: Database, id: string, names: NewSubscription['names']): Promise<void> {
  const rows = names.flatMap(({ kind, macs }) => macs.map((name) => ({ name, kind, subscription_id: id })))
  await db
    .insertInto('subscription_name')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function retryNow({ db, now }: Database, id: string): Promise<void> {
  await db.updateTable('subscription').set({ due_at: now, due_set_at: now, failures: 0 }).where('id', '=', id).execute()
}

export const listSubscriptions: Query<'listSubscriptions'> = async (database, caller, { state, cursor, limit }) => {
  const ofCaller = caller === undefined ? sql`1 = 1` : sql`caller = ${caller}`
  const inState = state === undefined ? sql`` : sql`and state = ${state}`
  const older = cursor === undefined ? sql`` : sql`and seq < ${cursor}`
  const found = await select(
    database,
    sql`${ofCaller} ${inState} ${older} order by seq desc limit ${sql.lit(limit + 1)}`,
  )
  const subscriptions = found.slice(0, limit)
  return { subscriptions, nextCursor: found.length > limit ? subscriptions.at(-1)?.seq : undefined }
}

export const deleteSubscription: Query<'deleteSubscription'> = async ({ db }, caller, id) => {
  const deleted = db.deleteFrom('subscription').where('id', '=', id).where('caller', '=', caller)
  return Number((await deleted.executeTakeFirst()).numDeletedRows) === 1
}

export const countSubscriptions: Query<'countSubscriptions'> = async (database) => {
  const { rows } = await sql<{ state: SubscriptionState; count: number }>`
    select state, count(*) as count from (select ${stateOf(database)} as state from ${withGrant(database)}) shown
    group by state`.execute(database.db)
  const counts = { active: 0, waiting: 0, failed: 0 }
  for (const { state, count } of rows) counts[state] = count
  return counts
}

/** In a transaction, which runs again after a deadlock with one that also locks several rows. */
export const eraseSubscriptions: Query<'eraseSubscriptions'> = ({ write }, userMacs) =>
  write(async ({ db }) => {
    const named = db
      .selectFrom('subscription_name')
      .select('subscription_id')
      .where('name', 'in', [...userMacs])
    const deleted = await db.deleteFrom('subscription').where('id', 'in', named).executeTakeFirst()
    return Number(deleted.numDeletedRows)
  })

export const findSubscriptionsUnderOtherKeys: Query<'findSubscriptionsUnderOtherKeys'> = async (
  { db, keyIdOf },
  keyId,
  limit,
  except = [],
) => {
  // A registration seals the content anew, and leaves the MAC and the names as they are.
  const isUnderOther = sql`(${isOtherKey('content_key', keyId)} or ${keyIdOf('mac')} <> ${keyId})`
  const { rows } = await sql<Selectable<SubscriptionTable>>`
    select * from subscription where ${isUnderOther} ${excludeIds(except)}
    limit ${sql.lit(limit)}`.execute(db)
  return rows.map(({ id, caller, content, content_key, revision }) => {
    return { id, caller, content: sealedIn(content, content_key), revision }
  })
}

export const resealSubscriptions: Query<'resealSubscriptions'> = (database, resealed) =>
  database.write(async (trx) => {
    let replaced = 0
    for (const { id, revision, macs, content, names } of resealed) {
      if (await deleteNewer(trx, id, macs)) continue
      const { numUpdatedRows } = await trx.db
        .updateTable('subscription')
        .set({ mac: macs[0], content: content.bytes, content_key: content.keyId, revision: revision + 1 })
        .where('id', '=', id)
        .where('revision', '=', revision)
        .executeTakeFirst()
      if (Number(numUpdatedRows) === 0) continue
      replaced += 1
      await trx.db.deleteFrom('subscription_name').where('subscription_id', '=', id).execute()
      await insertNames(trx, id, names)
    }
    return replaced
  })

/**
 * Gateways that do not have the same keys may have stored the same subscription twice. The oldest stays.
 * @returns whether the one with this id was deleted
 */
async function deleteNewer({ db }: Database, id: string, macs: NewSubscription['macs']): Promise<boolean> {
  const same = await db
    .selectFrom('subscription')
    .select('id')
    .where((eb) => eb.or([eb('id', '=', id), eb('mac', 'in', [...macs])]))
    .orderBy('seq')
    .execute()
  const newer = same.slice(1).map((one) => one.id)
  if (newer.length === 0) return false
  await db.deleteFrom('subscription').where('id', 'in', newer).execute()
  return newer.includes(id)
}
