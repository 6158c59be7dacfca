import { sql, type Selectable } from 'kysely'
import type { Schema } from '../schema.ts'
import { COMPANY_WIRES, type DivarRateLimit } from '../store.ts'
import { after, isWrittenLater, type Database, type Query } from './database.ts'

const MINUTE_MS = 60_000
/** A hold for which Divar names no time lasts this long, and twice as long with each further one, up to the maximum. */
const FIRST_WAIT_MS = MINUTE_MS
const MAX_WAIT_MS = 15 * MINUTE_MS
/** During a long hold, one message probes after this time, and each time again. */
const PROBE_EVERY_MS = 60 * MINUTE_MS

type Row = Omit<Selectable<Schema['pause']>, 'id'> & { now: number }

/** An attempt that has ended, as far as it matters to the hold. `begunAt` is undefined when no attempt was made. */
type EndedAttempt = { id: string; begunAt: number | undefined; isDelivered: boolean; limit: DivarRateLimit | undefined }

/** A hold on queued messages; times in milliseconds. */
type Hold = {
  /** Time left; 0 when it is over and nothing has been delivered since. */
  leftMs: number
  /** When a message may probe; 0 when it may now. */
  probeInMs: number
}

const IS_TO_DIVAR = sql<boolean>`wire not in (${sql.join(COMPANY_WIRES.map((wire) => sql.lit(wire)))})`

/** Whether the row was not written by a clock that was ahead. */
function isHoldValid(database: Database) {
  return sql<boolean>`(set_at is null or not ${isWrittenLater(database, 'set_at')})`
}

/** Whether an attempt of the outbox may begin: there is no hold, or this message is the one that probes. */
export function mayBegin(database: Database) {
  return sql<boolean>`(in_line = 0 or not ${IS_TO_DIVAR} or not exists (
    select 1 from pause where (until > ${database.now} or unconfirmed = 1) and ${isHoldValid(database)}
      and (probe_id is null or probe_id <> message.id)
  ))`
}

/** Whether the outcome of a message changes the hold even if it is not a 429. */
export const CONCERNS_HOLD = sql<number>`(${IS_TO_DIVAR} and exists (
  select 1 from pause where unconfirmed = 1 or wait_ms > 0
))`

/** Undefined when there is no hold: everything that is due may be sent. */
export async function readHold(trx: Database, { lock = false } = {}): Promise<Hold | undefined> {
  const row = await readRow(trx, lock)
  if (row === undefined) return undefined
  const { now, until, unconfirmed, probe_id, probe_until, probe_due } = row
  if (until <= now && unconfirmed === 0) return undefined
  const from = unconfirmed === 1 && probe_due !== null ? Math.min(until, probe_due) : until
  const isProbing = unconfirmed === 1 && probe_id !== null && probe_until !== null
  const probeAt = isProbing ? Math.max(from, probe_until) : from
  return { leftMs: Math.max(until - now, 0), probeInMs: Math.max(probeAt - now, 0) }
}

/** Marks the message that probes, until its attempt has ended or `leaseMs` have passed. The row must be locked. */
export async function markProbe({ db, now }: Database, messageId: string, leaseMs: number): Promise<void> {
  await db
    .updateTable('pause')
    .set({ probe_id: messageId, probe_until: after(now, leaseMs), set_at: now })
    .execute()
}

/** Lets another message probe in place of these. */
export async function unmarkProbes({ db }: Database, messageIds: string[]): Promise<void> {
  await db.updateTable('pause').set({ probe_id: null, probe_until: null }).where('probe_id', 'in', messageIds).execute()
}

/** Makes the next hold for which Divar names no time a short one. */
export const resetRateLimitBackoff: Query<'resetRateLimitBackoff'> = async ({ db }) => {
  await db.updateTable('pause').set({ wait_ms: 0 }).where('wait_ms', '>', 0).execute()
}

export const holdForRateLimit: Query<'holdForRateLimit'> = (database, limit) =>
  database.write((trx) => settleHold(trx, [{ id: '', begunAt: Infinity, isDelivered: false, limit }]))

/** Updates the hold after attempts have ended, one of which may be the probe. */
export async function settleHold(trx: Database, ended: readonly EndedAttempt[]): Promise<void> {
  await trx.db
    .insertInto('pause')
    .values({ id: 1, until: 0, set_at: 0 })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const before = await readRow(trx, true)
  if (before === undefined) throw new Error('the row of the hold is gone')
  const next = nextRow(before, ended)
  if (next === before) return
  const { now, ...row } = next
  await trx.db
    .updateTable('pause')
    .set({ ...row, set_at: now })
    .execute()
}

/** Applies the probe's outcome, then deliveries, then 429s. */
function nextRow(before: Row, ended: readonly EndedAttempt[]): Row {
  const { now } = before
  const probe = ended.find(({ id }) => id === before.probe_id)
  const beganInHold = (one: EndedAttempt) => one === probe || (one.begunAt ?? 0) > (before.set_at ?? 0)

  const probed = probe === undefined ? before : afterProbe(before, probe)
  const isDelivered = ended.some((one) => one.isDelivered && beganInHold(one))
  const row = isDelivered && probed.wait_ms > 0 ? { ...probed, wait_ms: 0 } : probed

  // Several 429s lengthen a hold once. A 429 of an attempt that began before the hold does not lengthen it.
  const lengthens = (one: EndedAttempt) =>
    isWithoutTime(one) && (one === probe || row.wait_ms === 0 || (row.until <= now && beganInHold(one)))
  const backedOff = ended.some(lengthens) ? { ...row, wait_ms: nextWaitMs(row.wait_ms) } : row
  const waits = ended.flatMap(({ limit }) => limit?.retryAfterMs ?? [])
  if (backedOff !== row) waits.push(backedOff.wait_ms)
  return holdUntil(backedOff, Math.max(row.until, ...waits.map((ms) => now + ms)))
}

/** Whether Divar answered a 429 without Retry-After. */
function isWithoutTime({ limit }: EndedAttempt): boolean {
  return limit !== undefined && limit.retryAfterMs === undefined
}

function nextWaitMs(waitMs: number): number {
  return Math.min(Math.max(waitMs * 2, FIRST_WAIT_MS), MAX_WAIT_MS)
}

/** Extends the hold; a shorter time changes nothing. The message that probes is chosen anew. */
function holdUntil(row: Row, until: number): Row {
  if (until <= row.until) return row
  const isNew = row.until <= row.now || row.probe_due === null
  const probeDue = isNew ? row.now + PROBE_EVERY_MS : row.probe_due
  return { ...row, until, unconfirmed: 1, probe_id: null, probe_until: null, probe_due: probeDue }
}

/** A delivered probe ends the hold; after any other outcome the next message probes. */
function afterProbe(row: Row, { begunAt, isDelivered }: EndedAttempt): Row {
  const none = { probe_id: null, probe_until: null }
  return isDelivered
    ? { ...row, ...none, until: row.now, wait_ms: 0, unconfirmed: 0, probe_due: null }
    : { ...row, ...none, probe_due: begunAt === undefined ? row.probe_due : row.now + PROBE_EVERY_MS }
}

/** A row that was written by a clock that was ahead counts as no hold. */
async function readRow(trx: Database, lock: boolean): Promise<Row | undefined> {
  const found = await trx.db
    .selectFrom('pause')
    .select(['until', 'set_at', 'wait_ms', 'unconfirmed', 'probe_id', 'probe_until', 'probe_due'])
    .select([trx.now.as('now'), isHoldValid(trx).as('is_valid')])
    .$if(lock && trx.kind === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst()
  if (found === undefined) return undefined
  const { is_valid, ...row } = found
  return is_valid ? row : { ...NO_HOLD, now: row.now }
}

const NO_HOLD: Omit<Row, 'now'> = {
  until: 0,
  set_at: 0,
  wait_ms: 0,
  unconfirmed: 0,
  probe_id: null,
  probe_until: null,
  probe_due: null,
}
