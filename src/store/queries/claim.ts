import { sql, type Selectable } from 'kysely'
import type { Schema } from '../schema.ts'
import {
  CLOCK_TOLERANCE_MS,
  isPaced,
  isToDivar,
  type Claim,
  type Claimed,
  type Leased,
  type SendLimits,
  type Wire,
} from '../store.ts'
import { isWrittenLater, sealedIn, type Database, type Query } from './database.ts'
import { countSends, readRoom } from './pacing.ts'
import { markProbe, readHold, unmarkProbes } from './rate-limit-hold.ts'
import { isNotExpired } from './timed.ts'

export type Row = Selectable<Schema['message']>

/** Rows corrected in one claim. */
const MAX_MADE_DUE = 1000

/** By default: a delivery takes up to 5 s, and the rest is for the commits around it. */
const PROBE_LEASE_MS = 10_000

/** How long a gateway counts as alive after a heartbeat. */
export const LEASE_MS = 30_000

export const heartbeat: Query<'heartbeat'> = async ({ db, now }, owner) => {
  const lease = { lease_until: sql<number>`${now} + ${sql.lit(LEASE_MS)}` }
  await db
    .insertInto('gateway')
    .values({ id: owner, ...lease })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(lease))
    .execute()
}

export const claim: Query<'claim'> = (database, owner, wire, limit, options = {}) => {
  const { probeLeaseMs = PROBE_LEASE_MS, mayProbe = true, limits } = options
  return database.write(async (trx) => {
    // Without a lease, another gateway could adopt these messages at once.
    await heartbeat(trx, owner)
    let hold = isToDivar(wire) ? await readHold(trx) : undefined
    // The lock lets only one gateway choose the message that probes.
    if (hold?.probeInMs === 0) hold = await readHold(trx, { lock: true })
    if (hold === undefined) return claimPaced(trx, owner, wire, limit, limits)
    const { leftMs: heldMs, probeInMs } = hold
    if (probeInMs > 0) return { messages: [], nextInMs: probeInMs, heldMs }
    if (!mayProbe) return { messages: [], nextInMs: undefined, heldMs }
    const due = await claimPaced(trx, owner, wire, 1, limits)
    const [probe] = due.messages
    if (probe === undefined) return { ...due, heldMs }
    await markProbe(trx, probe.id, probeLeaseMs)
    return { messages: [{ ...probe, isProbe: true }], nextInMs: probeLeaseMs, heldMs }
  })
}

/** Claims what the app's limits leave room for, and counts it in the same commit. */
async function claimPaced(
  trx: Database,
  owner: string,
  wire: Wire,
  limit: number,
  limits: SendLimits | undefined,
): Promise<Claim> {
  if (limits === undefined || !isToDivar(wire)) return claimDue(trx, owner, wire, limit)
  const room = isPaced(wire) ? await readRoom(trx, limits) : { sends: limit, nextInMs: 0 }
  if (room.sends === 0) {
    const dueInMs = await nextDue(trx, wire)
    if (dueInMs !== 0) return { messages: [], nextInMs: dueInMs }
    return { messages: [], nextInMs: room.nextInMs, pacedMs: room.nextInMs }
  }
  const claim = await claimDue(trx, owner, wire, Math.min(limit, room.sends))
  await countSends(trx, claim.messages.length, limits)
  return claim
}

async function claimDue(trx: Database, owner: string, wire: Wire, limit: number): Promise<Claim> {
  const { db, now, skipLocked } = trx
  const { rows } = await sql<Row & { try_for_ms: number }>`
    with due as (
      select id from message
      where wire = ${wire} and state = 'queued' and due_at is not null and due_at <= ${now} and ${isNotExpired(trx)}
      order by due_at, seq limit ${limit} ${skipLocked}
    )
    update message set state = 'sending', lease_owner = ${owner}, due_at = null where id in (select id from due)
    returning *, give_up_at - ${now} as try_for_ms`.execute(db)
  const messages = rows.sort((one, other) => one.seq - other.seq).map(toClaimed)
  return { messages, nextInMs: messages.length === limit ? 0 : await nextDue(trx, wire) }
}

async function nextDue(trx: Database, wire: Wire): Promise<number | undefined> {
  // The orders make PostgreSQL read one row of each index; without them, it could read all rows that wait.
  const { rows } = await sql<{ ms: number | null; late: number | null }>`
    select (
      select due_at - ${trx.now} from message where wire = ${wire} and state = 'queued' and due_at is not null and ${isNotExpired(trx)}
      order by due_at, seq limit 1
    ) as ms, (
      select 1 from message where state = 'queued' and due_at is not null and ${isWrittenLater(trx, 'due_set_at')}
      order by due_set_at desc limit 1
    ) as late`.execute(trx.db)
  const [{ ms, late } = { ms: null, late: null }] = rows
  if (late !== null) {
    await makeDue(trx)
    return 0
  }
  return ms === null ? undefined : Math.max(ms, 0)
}

/** Makes messages due whose time was written by a clock that was ahead. */
async function makeDue(trx: Database): Promise<void> {
  const { db, now, skipLocked } = trx
  await sql`
    update message set due_at = ${now}, due_set_at = ${now} where seq in (
      select seq from message where state = 'queued' and due_at is not null and ${isWrittenLater(trx, 'due_set_at')}
      order by seq limit ${sql.lit(MAX_MADE_DUE)} ${skipLocked}
    )`.execute(db)
}

function toClaimed(row: Row & { try_for_ms: number }): Claimed {
  return {
    id: row.id,
    caller: row.caller,
    wire: row.wire,
    conversation: row.conversation,
    inLine: row.in_line === 1,
    atLeastOnce: row.at_least_once === 1,
    unsure: row.unsure === 1,
    attempts: row.attempts,
    tryForMs: row.try_for_ms,
    requestId: row.request_id,
    body: sealedIn(row.body, row.body_key),
    isProbe: false,
  }
}

export const adopt: Query<'adopt'> = (database, owner, limit) =>
  database.write(async (trx) => {
    const { db, now, skipLocked } = trx
    await heartbeat(trx, owner)
    // `+seq`: for an order by `seq`, SQLite would read the whole table in that order.
    const { rows } = await sql<{ id: string }>`
      with orphan as (
        select id from message
        where state = 'sending' and not exists (
          select 1 from gateway where gateway.id = message.lease_owner and lease_until > ${now}
            and lease_until <= ${now} + ${sql.lit(LEASE_MS + CLOCK_TOLERANCE_MS)}
        )
        order by +seq limit ${limit} ${skipLocked}
      )
      update message set lease_owner = ${owner} where id in (select id from orphan) returning id`.execute(db)
    const taken = new Set(rows.map(({ id }) => id))
    return (await leasedBy(trx, owner)).map((leased) => ({ ...leased, takenOver: taken.has(leased.id) }))
  })

async function leasedBy({ db, now }: Database, owner: string): Promise<Omit<Leased, 'takenOver'>[]> {
  const { rows } = await sql<Row & { try_for_ms: number; attempt_open: number }>`
    select *, give_up_at - ${now} as try_for_ms,
      (select count(*) from attempt where message_id = message.id and number = message.attempts and ended_at is null) as attempt_open
    from message where state = 'sending' and lease_owner = ${owner} order by seq`.execute(db)
  return rows.map((row) => ({ ...toClaimed(row), attemptOpen: row.attempt_open > 0 }))
}

export const release: Query<'release'> = async (database, owner, ids) => {
  if (ids.length === 0) return
  await database.write(async (trx) => {
    const { db, now } = trx
    const released = await db
      .updateTable('message')
      .set({
        state: 'queued',
        lease_owner: null,
        due_at: now,
        due_set_at: now,
        attempts: sql<number>`attempts - (select count(*) from attempt where message_id = message.id and ended_at is null)`,
      })
      .where('id', 'in', [...ids])
      .where('lease_owner', '=', owner)
      .where('state', '=', 'sending')
      .returning('id')
      .execute()
    if (released.length === 0) return
    const messageIds = released.map(({ id }) => id)
    await unmarkProbes(trx, messageIds)
    await db.deleteFrom('attempt').where('message_id', 'in', messageIds).where('ended_at', 'is', null).execute()
  })
}

export const leave: Query<'leave'> = async ({ db }, owner) => {
  await db.deleteFrom('gateway').where('id', '=', owner).execute()
}
