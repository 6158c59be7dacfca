import { sql, type Kysely, type Selectable } from 'kysely'
import { isWrittenLater, type Database } from './database.ts'
import { markProbe, readHold, unmarkProbes } from './rate-limit-hold.ts'
import type { Schema } from '../schema.ts'
import { CLOCK_TOLERANCE_MS, type Claim, type Claimed, type Held, type Sealed, type Wire } from '../store.ts'

export type Row = Selectable<Schema['message']>

/** At one claim. */
const MAX_MADE_DUE = 1000

/** A time-out of Divar's, as it is by default, and the commits around it. */
const PROBE_LEASE_MS = 10_000

/** How long a gateway counts as alive after a heartbeat. */
export const LEASE_MS = 30_000

export async function heartbeat(database: Database, owner: string, db: Kysely<Schema> = database.db): Promise<void> {
  const leaseUntil = sql<number>`${database.now} + ${sql.lit(LEASE_MS)}`
  await db
    .insertInto('gateway')
    .values({ id: owner, lease_until: leaseUntil })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ lease_until: leaseUntil }))
    .execute()
}

/**
 * @param probeLeaseMs how long a message that probes is waited for
 */
export function claim(
  database: Database,
  owner: string,
  wire: Wire,
  limit: number,
  probeLeaseMs = PROBE_LEASE_MS,
): Promise<Claim> {
  return database.write(async (trx) => {
    // Without it another gateway could adopt at once what is claimed here.
    await heartbeat(database, owner, trx)
    let pause = wire === 'webhook' ? undefined : await readHold(database, trx)
    // Only one gateway may mark its message.
    if (pause?.probeInMs === 0) pause = await readHold(database, trx, { lock: true })
    if (pause === undefined) return claimDue(database, trx, owner, wire, limit)
    const { leftMs: heldMs, probeInMs } = pause
    if (probeInMs > 0) return { messages: [], nextInMs: probeInMs, heldMs }
    const claim = await claimDue(database, trx, owner, wire, 1)
    const [probe] = claim.messages
    if (probe === undefined) return { ...claim, heldMs }
    await markProbe(database, trx, probe.id, probeLeaseMs)
    return { messages: [{ ...probe, isProbe: true }], nextInMs: probeLeaseMs, heldMs }
  })
}

async function claimDue(
  database: Database,
  trx: Kysely<Schema>,
  owner: string,
  wire: Wire,
  limit: number,
): Promise<Claim> {
  const { rows } = await sql<Row & { try_for_ms: number }>`
    with due as (
      select id from message
      where wire = ${wire} and state = 'queued' and due_at is not null and due_at <= ${database.now}
      order by due_at, seq limit ${limit} ${database.skipLocked}
    )
    update message set state = 'sending', lease_owner = ${owner}, due_at = null where id in (select id from due)
    returning *, give_up_at - ${database.now} as try_for_ms`.execute(trx)
  const messages = rows.sort((one, other) => one.seq - other.seq).map(toClaimed)
  return { messages, nextInMs: messages.length === limit ? 0 : await nextDue(database, trx, wire) }
}

async function nextDue(database: Database, trx: Kysely<Schema>, wire: Wire): Promise<number | undefined> {
  const isLater = isWrittenLater(database, 'due_set_at')
  const { rows } = await sql<{ ms: number | null; late: number }>`
    select min(due_at) - ${database.now} as ms,
      (select count(*) from message where state = 'queued' and due_at is not null and ${isLater}) as late
    from message where wire = ${wire} and state = 'queued' and due_at is not null`.execute(trx)
  if (Number(rows[0]?.late) > 0) {
    await makeDue(database, trx)
    return 0
  }
  const ms = rows[0]?.ms ?? undefined
  return ms === undefined ? undefined : Math.max(ms, 0)
}

/** What a clock that was ahead has written would wait until that time comes. */
async function makeDue(database: Database, trx: Kysely<Schema>): Promise<void> {
  const { now, skipLocked } = database
  await sql`
    update message set due_at = ${now}, due_set_at = ${now} where seq in (
      select seq from message where state = 'queued' and due_at is not null and ${isWrittenLater(database, 'due_set_at')}
      order by seq limit ${sql.lit(MAX_MADE_DUE)} ${skipLocked}
    )`.execute(trx)
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
    body: bodyIn(row),
    isProbe: false,
  }
}

/** What is sealed of a message, until it is wiped. */
export function bodyIn({ body, body_key }: Row): Sealed | undefined {
  return body === null || body_key === null ? undefined : { keyId: body_key, bytes: body }
}

/** Takes over messages whose gateway's lease has ended. */
export function adopt(database: Database, owner: string, limit: number): Promise<Held[]> {
  return database.write(async (trx) => {
    await heartbeat(database, owner, trx)
    const { rows: taken } = await sql<{ id: string }>`
      with orphan as (
        select id from message
        where state = 'sending' and not exists (
          select 1 from gateway where gateway.id = message.lease_owner and lease_until > ${database.now}
            and lease_until <= ${database.now} + ${sql.lit(LEASE_MS + CLOCK_TOLERANCE_MS)}
        )
        order by seq limit ${limit} ${database.skipLocked}
      )
      update message set lease_owner = ${owner} where id in (select id from orphan) returning id`.execute(trx)
    return heldBy(database, trx, owner, new Set(taken.map(({ id }) => id)))
  })
}

async function heldBy(
  { now }: Database,
  trx: Kysely<Schema>,
  owner: string,
  taken: ReadonlySet<string>,
): Promise<Held[]> {
  const { rows } = await sql<Row & { try_for_ms: number; attempt_open: number }>`
    select *, give_up_at - ${now} as try_for_ms,
      (select count(*) from attempt where message_id = message.id and number = message.attempts and ended_at is null) as attempt_open
    from message where state = 'sending' and lease_owner = ${owner} order by seq`.execute(trx)
  return rows.map((row) => ({ ...toClaimed(row), attemptOpen: row.attempt_open > 0, takenOver: taken.has(row.id) }))
}

export function release(database: Database, owner: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return Promise.resolve()
  return database.write(async (trx) => {
    const released = await trx
      .updateTable('message')
      .set({
        state: 'queued',
        lease_owner: null,
        due_at: database.now,
        due_set_at: database.now,
        attempts: sql<number>`attempts - (select count(*) from attempt where message_id = message.id and ended_at is null)`,
      })
      .where('id', 'in', [...ids])
      .where('lease_owner', '=', owner)
      .where('state', '=', 'sending')
      .returning('id')
      .execute()
    if (released.length === 0) return
    await unmarkProbes(
      trx,
      released.map(({ id }) => id),
    )
    const openOnes = released.map(({ id }) => id)
    await trx.deleteFrom('attempt').where('message_id', 'in', openOnes).where('ended_at', 'is', null).execute()
  })
}

export async function leave({ db }: Database, owner: string): Promise<void> {
  await db.deleteFrom('gateway').where('id', '=', owner).execute()
}
