import { sql } from 'kysely'
import { CLOCK_TOLERANCE_MS, type SendLimits } from '../store.ts'
import type { Database, Query } from './database.ts'

/**
 * A window is counted in slices, of which the newest has just begun. So `slices` cover their span less one slice: a minute or a day, and some
 * time more, within which a claimed message must reach Divar (`ARRIVE_WITHIN_MS`).
 */
const WINDOWS = {
  perMinute: { sliceMs: 1000, slices: 64 },
  perDay: { sliceMs: 600_000, slices: 146 },
} as const

/** How long after its claim a message must have reached Divar, so that every minute as Divar counts it has been counted here. */
export const ARRIVE_WITHIN_MS = 3000

/** Of the lock under which gateways claim one after the other. No conversation has this name. */
const LOCK = 'pacing'

type Slice = { span_ms: number; starts_at: number; sends: number; now: number }

/** How many sends may begin now, and when the next may; 0 when it may now. */
type Room = { sends: number; nextInMs: number }

/** Locks the counts until the transaction ends, reads them, and deletes those of the past. */
export async function readRoom(trx: Database, limits: SendLimits): Promise<Room> {
  await trx.lockConversations(trx.db, [LOCK])
  const slices: Slice[] = await trx.db
    .selectFrom('pacing')
    .select(['span_ms', 'starts_at', 'sends', trx.now.as('now')])
    .orderBy('span_ms')
    .orderBy('starts_at')
    .execute()
  const rooms = windowsOf(limits).map((window) => roomIn(window, slices))
  await deletePast(trx, slices)
  return {
    sends: Math.min(...rooms.map(({ sends }) => sends)),
    nextInMs: Math.max(...rooms.map(({ nextInMs }) => nextInMs), 0),
  }
}

export const countSends: Query<'countSends'> = async ({ db, now }, sends, limits) => {
  const windows = windowsOf(limits)
  if (sends === 0 || windows.length === 0) return
  const rows = windows.map(({ sliceMs }) => ({
    span_ms: sliceMs,
    starts_at: sql<number>`${now} - ${now} % ${sql.lit(sliceMs)}`,
    sends,
  }))
  await db
    .insertInto('pacing')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['span_ms', 'starts_at']).doUpdateSet({ sends: sql<number>`pacing.sends + excluded.sends` }),
    )
    .execute()
}

type Window = { sliceMs: number; slices: number; limit: number }

/** The shorter one first: all writers lock its row first. */
function windowsOf({ perMinute, perDay }: SendLimits): Window[] {
  return [
    ...(perMinute === undefined ? [] : [{ ...WINDOWS.perMinute, limit: perMinute }]),
    ...(perDay === undefined ? [] : [{ ...WINDOWS.perDay, limit: perDay }]),
  ]
}

function roomIn({ sliceMs, slices: count, limit }: Window, slices: readonly Slice[]): Room {
  const counted = slices.filter((slice) => slice.span_ms === sliceMs && !isPast(slice, count) && !isFuture(slice))
  let sum = counted.reduce((total, { sends }) => total + sends, 0)
  if (sum < limit) return { sends: limit - sum, nextInMs: 0 }
  // The oldest leave first. A limit that was lowered may need several of them to leave.
  for (const { starts_at: startsAt, sends, now } of counted) {
    sum -= sends
    if (sum < limit) return { sends: 0, nextInMs: startsAt + count * sliceMs - now }
  }
  return { sends: 0, nextInMs: count * sliceMs }
}

function isPast({ span_ms: sliceMs, starts_at: startsAt, now }: Slice, count: number): boolean {
  return startsAt + count * sliceMs <= now
}

/** It was written by a clock that was ahead. */
function isFuture({ starts_at: startsAt, now }: Slice): boolean {
  return startsAt > now + CLOCK_TOLERANCE_MS
}

async function deletePast({ db }: Database, slices: readonly Slice[]): Promise<void> {
  for (const { sliceMs, slices: count } of Object.values(WINDOWS)) {
    const newest = slices.findLast((slice) => slice.span_ms === sliceMs && isPast(slice, count))
    if (newest === undefined) continue
    await db.deleteFrom('pacing').where('span_ms', '=', sliceMs).where('starts_at', '<=', newest.starts_at).execute()
  }
}
