import { sql } from 'kysely'
import type { ClaimedSubscription } from '../subscription-store.ts'
import { after, isWrittenLater, type Database, type Query } from './database.ts'
import { coveringGrants, isLive } from './subscriptions.ts'

/** All gateways together register one subscription in this time, so at most five a second. */
const PLACE_MS = 200
/** Longer than any lease: a later time was written by a clock that was ahead. */
const MAX_LEASE_MS = 10 * 60 * 1000
/** Subscriptions without a grant that one claim passes over. */
const MAX_PASSED = 100
/** Rows of one call, which is made every two seconds. */
const MAX_MARKED = 1000

function isLeaseOver({ now }: Database) {
  return sql<boolean>`(s.lease_until is null or s.lease_until <= ${now} or s.lease_until > ${after(now, MAX_LEASE_MS)})`
}

export const markSubscriptionsDue: Query<'markSubscriptionsDue'> = (database) =>
  database.write(async (trx) => {
    const { db, now, skipLocked } = trx
    // A new token alone resets no failures: where Divar refuses each new one, retries and refreshes must become rare.
    const hasNewToken = sql`exists (
      select 1 from user_grant g where g.id = subscription.grant_id and g.version <> subscription.grant_version
    )`
    // Not one select with `or`: PostgreSQL would look at the grants row by row, which takes seconds for thousands.
    const { numAffectedRows } = await sql`
      with marked as (
        select id from subscription where id in (
          ${sql.join([withNewToken(trx), withoutGrant(trx), withNewerGrant(trx), withLateTime(trx)], sql` union all `)}
        ) order by seq limit ${sql.lit(MAX_MARKED)} ${skipLocked}
      )
      update subscription set due_at = ${now}, due_set_at = ${now},
        failures = case when ${hasNewToken} then failures else 0 end
      where id in (select id from marked)`.execute(db)
    return Number(numAffectedRows)
  })

function isNotDue(trx: Database) {
  return sql<boolean>`(s.due_at is null or s.due_at > ${trx.now}) and ${isLeaseOver(trx)}`
}

function withNewToken(trx: Database) {
  return sql`select s.id from subscription s join user_grant g on g.id = s.grant_id
    where ${isNotDue(trx)} and ${isLive(trx)} and g.version <> s.grant_version`
}

function withoutGrant(trx: Database) {
  return sql`select s.id from subscription s, ${coveringGrants(trx)} and ${isNotDue(trx)}
    and not exists (select 1 from user_grant g where g.id = s.grant_id and ${isLive(trx)})`
}

function withNewerGrant(trx: Database) {
  return sql`select s.id from user_grant own, subscription s, ${coveringGrants(trx)} and ${isNotDue(trx)}
    and s.outcome in ('failed', 'uncovered') and own.id = s.grant_id and own.seq < g.seq`
}

/** Their time was written by a clock that was ahead. */
function withLateTime(trx: Database) {
  return sql`select s.id from subscription s
    where ${isNotDue(trx)} and s.due_at is not null and ${isWrittenLater(trx, 's.due_set_at')}`
}

export const claimSubscription: Query<'claimSubscription'> = (database, owner, leaseMs) =>
  database.write(async (trx) => {
    const waitMs = await readQueue(trx)
    if (waitMs > 0) return { kind: 'none', nextInMs: waitMs }
    const due = await findDue(trx)
    if (due === undefined) return { kind: 'none', nextInMs: undefined }
    await trx.db
      .updateTable('subscription')
      .set({ lease_owner: owner, lease_until: after(trx.now, leaseMs) })
      .where('id', '=', due.id)
      .execute()
    await closeQueue(trx, PLACE_MS)
    return { kind: 'claimed', subscription: due }
  })

/** Locks the row of the queue, so that one gateway claims at a time. @returns milliseconds until the next place is free */
async function readQueue(trx: Database): Promise<number> {
  await trx.db
    .insertInto('subscription_queue')
    .values({ id: 1, free_at: 0, set_at: 0 })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const { wait_ms: waitMs } = await trx.db
    .selectFrom('subscription_queue')
    .select(sql<number>`case when ${isWrittenLater(trx, 'set_at')} then 0 else free_at - ${trx.now} end`.as('wait_ms'))
    .$if(trx.kind === 'postgres', (query) => query.forUpdate())
    .executeTakeFirstOrThrow()
  return waitMs
}

/** Keeps every gateway from claiming for this long, at least. */
async function closeQueue(trx: Database, ms: number): Promise<void> {
  const { db, now } = trx
  const until = after(now, ms)
  const isLonger = sql`free_at > ${until} and not ${isWrittenLater(trx, 'set_at')}`
  await db
    .updateTable('subscription_queue')
    .set({ free_at: sql<number>`case when ${isLonger} then free_at else ${until} end`, set_at: now })
    .execute()
}

/** The subscription that is due first and has a grant. Those without one are no longer due. */
async function findDue(trx: Database): Promise<ClaimedSubscription | undefined> {
  for (let passed = 0; passed < MAX_PASSED; passed += 1) {
    const { rows } = await sql<Due>`
      select s.id, s.caller, s.content, s.content_key, s.failures, s.grant_id, s.outcome from subscription s
      where s.due_at is not null and s.due_at <= ${trx.now} and ${isLeaseOver(trx)}
      order by s.due_at, s.seq limit 1 ${trx.skipLocked}`.execute(trx.db)
    const [due] = rows
    if (due === undefined) return undefined
    const grant = await chooseGrant(trx, due)
    if (grant !== undefined) {
      const { id, caller, content: bytes, content_key: keyId, failures } = due
      return { id, caller, content: { keyId, bytes }, failures, grantId: grant.id, grantVersion: grant.version }
    }
    await trx.db.updateTable('subscription').set({ due_at: null }).where('id', '=', due.id).execute()
  }
  return undefined
}

type Due = {
  id: string
  caller: string
  content: Uint8Array
  content_key: string
  failures: number
  grant_id: string | null
  outcome: string | null
}

/** The grant that it is registered with, or the newest that covers it: without one, or when registering with an older one failed. */
async function chooseGrant(trx: Database, { id, grant_id: ownId, outcome }: Due) {
  const { rows } = await sql<{ id: string; version: number }>`
    select g.id, g.version from subscription s, ${coveringGrants(trx)} and s.id = ${id} order by g.seq desc`.execute(
    trx.db,
  )
  const [newest] = rows
  const hasFailed = outcome === 'failed' || outcome === 'uncovered'
  return hasFailed ? newest : (rows.find((grant) => grant.id === ownId) ?? newest)
}

export const finishSubscription: Query<'finishSubscription'> = (database, finish) =>
  database.write(async (trx) => {
    const { db, now } = trx
    const { id, owner, grantId, grantVersion, failures, dueInMs, result, holdMs } = finish
    const dueAt = dueInMs === undefined ? null : after(now, dueInMs)
    await db
      .updateTable('subscription')
      .set({
        lease_owner: null,
        lease_until: null,
        grant_id: grantId,
        grant_version: grantVersion,
        failures,
        due_at: dueAt,
        due_set_at: now,
        ...(result !== undefined && {
          outcome: result.outcome,
          active_until: after(now, result.activeMs),
          content: result.content.bytes,
          content_key: result.content.keyId,
          revision: sql<number>`revision + 1`,
        }),
      })
      .where('id', '=', id)
      .where('lease_owner', '=', owner)
      .execute()
    if (holdMs !== undefined) await closeQueue(trx, holdMs)
  })
