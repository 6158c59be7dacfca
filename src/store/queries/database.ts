import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Schema } from '../schema.ts'
import { CLOCK_TOLERANCE_MS, type DatabaseKind } from '../store.ts'

/** A database of either kind, with the few things that each says in its own way. */
export type Database = {
  kind: DatabaseKind
  db: Kysely<Schema>
  /** The database's clock in milliseconds, steady within a statement. */
  now: RawBuilder<number>
  /** A `seq` behind all others. */
  nextSeq: RawBuilder<number>
  /** Runs in one transaction; may run it again when the database asked for that. */
  write: <Result>(work: (trx: Kysely<Schema>) => Promise<Result>) => Promise<Result>
  /** Keeps others away from these conversations until the transaction ends. */
  lockConversations: (trx: Kysely<Schema>, conversations: readonly string[]) => Promise<void>
  /** The key's id of a `<key id>.<MAC>`. */
  keyIdOf: (column: 'fingerprint' | 'conversation') => RawBuilder<string>
  /** Locks the rows of a select, where there are others who could take them. */
  skipLocked: RawBuilder<unknown>
}

/** The condition of a partial index. It is a literal: a query with parameters in its place does not use the index. */
export const OPEN_IN_LINE = sql<boolean>`state in ('queued', 'sending') and in_line = 1`

/** Rows of values as a table named `v`, for statements that change many rows each in its own way. */
export function valuesTable(columns: Record<string, 'text' | 'bigint'>, rows: readonly (readonly unknown[])[]) {
  const types = Object.values(columns)
  const tuples = rows.map((row) => {
    const cells = row.map((value, index) => sql`cast(${whole(value)} as ${sql.raw(types[index] ?? 'text')})`)
    return sql`(${sql.join(cells)})`
  })
  return sql`v (${sql.raw(Object.keys(columns).join(', '))}) as (values ${sql.join(tuples)})`
}

/** Durations may have fractions of a millisecond, which PostgreSQL refuses as a bigint. */
function whole(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value
}

/** A point in time by the database's clock. */
export function after(now: Database['now'], ms: number) {
  return sql<number>`${now} + cast(${Math.round(ms)} as bigint)`
}

/** Whether a time was written by a clock that was ahead. */
export function isWrittenLater({ now }: Pick<Database, 'now'>, column: string) {
  return sql<boolean>`${sql.ref(column)} > ${now} + ${sql.lit(CLOCK_TOLERANCE_MS)}`
}

/**
 * Whether a time has passed both now and when the clock was last trusted: a clock that has just jumped ahead expires nothing.
 * @param time a column, or an expression
 */
export function hasPassed({ now }: Pick<Database, 'now'>, time: string | RawBuilder<number>) {
  const at = typeof time === 'string' ? sql.ref(time) : time
  return sql<boolean>`(${at} <= ${now} and ${at} <= coalesce((select heard_at from clock where id = 1), 0))`
}

export function hasNotPassed(database: Pick<Database, 'now'>, time: string | RawBuilder<number>) {
  return sql<boolean>`not ${hasPassed(database, time)}`
}
