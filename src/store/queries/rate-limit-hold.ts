import { sql, type Selectable } from 'kysely'
import type { Schema } from '../schema.ts'
import type { RateLimit } from '../store.ts'
import { after, isWrittenLater, type Database, type Query } from './database.ts'

const MINUTE_MS = 60_000
/** A pause for which Divar names no time, the first of a row and the longest. */
const FIRST_WAIT_MS = MINUTE_MS
const MAX_WAIT_MS = 15 * MINUTE_MS
/** However long a pause is, one message probes after so long, and each time again. */
const PROBE_EVERY_MS = 60 * MINUTE_MS

type Row = Omit<Selectable<Schema['pause']>, 'id'> & { now: number }

/** How a message's attempt ended, as far as it matters to the pause; without `begunAt` there was none. */
type Met = { id: string; begunAt: number | undefined; isDelivered: boolean; limit: RateLimit | undefined }

/** The pause while it holds back what is queued; times in milliseconds. */
type Hold = {
  /** What is left of it; 0 when it is over and nothing has been delivered since. */
  leftMs: number
  /** When a message may probe; 0 when it may now. */
  probeInMs: number
}

/** The pause's row, as long as it was not written by a clock that was ahead. */
function isHoldValid(database: Database) {
  return sql<boolean>`(set_at is null or not ${isWrittenLater(database, 'set_at')})`
}

/** Whether an attempt of the outbox may begin: there is no pause, or this message is the one that probes. */
export function mayBegin(database: Database) {
  return sql<boolean>`(in_line = 0 or wire = 'webhook' or not exists (
    select 1 from pause where (until > ${database.now} or unconfirmed = 1) and ${isHoldValid(database)}
      and (probe_id is null or probe_id <> message.id)
  ))`
}

/** Whether the outcome of a message of Divar's has to be told to the pause even if it is no 429. */
export const CONCERNS_HOLD = sql<number>`(wire <> 'webhook' and exists (
  select 1 from pause where unconfirmed = 1 or wait_ms > 0
))`

/** `undefined` when everything that is due may go. */
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

/** Marks the one message that probes, until it has ended or its time is over. The row must be locked. */
export async function markProbe({ db, now }: Database, messageId: string, leaseMs: number): Promise<void> {
  await db
    .updateTable('pause')
    .set({ probe_id: messageId, probe_until: after(now, leaseMs), set_at: now })
    .execute()
}

/** These messages did not probe. */
export async function unmarkProbes({ db }: Database, messageIds: string[]): Promise<void> {
  await db.updateTable('pause').set({ probe_id: null, probe_until: null }).where('probe_id', 'in', messageIds).execute()
}

/** The next hold for which Divar names no time is a short one again. */
export const resetRateLimitBackoff: Query<'resetRateLimitBackoff'> = async ({ db }) => {
  await db.updateTable('pause').set({ wait_ms: 0 }).where('wait_ms', '>', 0).execute()
}

export const holdForRateLimit: Query<'holdForRateLimit'> = (database, limit) =>
  database.write((trx) => settleHold(trx, [{ id: '', begunAt: Infinity, isDelivered: false, limit }]))

/** What follows for the hold from attempts that have ended, of which one may be the probe. */
export async function settleHold(trx: Database, met: readonly Met[]): Promise<void> {
  await trx.db
    .insertInto('pause')
    .values({ id: 1, until: 0, set_at: 0 })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const before = await readRow(trx, true)
  if (before === undefined) throw new Error('the row of the hold is gone')
  const next = nextRow(before, met)
  if (next === before) return
  const { now, ...row } = next
  await trx.db
    .updateTable('pause')
    .set({ ...row, set_at: now })
    .execute()
}

function nextRow(before: Row, met: readonly Met[]): Row {
  const { now } = before
  const probe = met.find(({ id }) => id === before.probe_id)
  const isNewer = (one: Met) => one === probe || (one.begunAt ?? 0) > (before.set_at ?? 0)
  let row = probe === undefined ? before : afterProbe(before, probe)
  if (row.wait_ms > 0 && met.some((one) => one.isDelivered && isNewer(one))) row = { ...row, wait_ms: 0 }

  const untilNamed = met.flatMap(({ limit }) => (limit?.retryAfterMs === undefined ? [] : [now + limit.retryAfterMs]))
  let until = Math.max(row.until, ...untilNamed)
  const unnamed = met.filter(({ limit }) => limit !== undefined && limit.retryAfterMs === undefined)
  // A pause is lengthened once, whichever sends met it, and by none that was on its way before.
  const lengthens = (one: Met) => one === probe || row.wait_ms === 0 || (row.until <= now && isNewer(one))
  if (unnamed.some(lengthens)) {
    const waitMs = Math.min(Math.max(row.wait_ms * 2, FIRST_WAIT_MS), MAX_WAIT_MS)
    until = Math.max(until, now + waitMs)
    row = { ...row, wait_ms: waitMs }
  }
  if (until <= row.until) return row
  const isFresh = row.until <= now || row.probe_due === null
  const probeDue = isFresh ? now + PROBE_EVERY_MS : row.probe_due
  return { ...row, until, unconfirmed: 1, probe_id: null, probe_until: null, probe_due: probeDue }
}

/** A delivered probe ends the hold; after any other outcome the next message probes. */
function afterProbe(row: Row, { begunAt, isDelivered }: Met): Row {
  const none = { probe_id: null, probe_until: null }
  return isDelivered
    ? { ...row, ...none, until: row.now, wait_ms: 0, unconfirmed: 0, probe_due: null }
    : { ...row, ...none, probe_due: begunAt === undefined ? row.probe_due : row.now + PROBE_EVERY_MS }
}

/** A hold that was written by a clock that was ahead counts as none. */
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
