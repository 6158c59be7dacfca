import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { MethodName, Parameter, Result } from '../calls.ts'
import type { Schema } from '../schema.ts'
import { CLOCK_TOLERANCE_MS, type DatabaseKind, type Sealed } from '../store.ts'

/** A database of either kind, or a transaction in it, with the few things that each says in its own way. */
export type Database = {
  kind: DatabaseKind
  db: Kysely<Schema>
  /** The database's clock in milliseconds, steady within a statement. */
  now: RawBuilder<number>
  /** A `seq` behind all others. */
  nextSeq: RawBuilder<number>
  /** Runs in one transaction; may run it again when the database asked for that. Within a transaction it runs in that one. */
  write: <Result>(work: (trx: Database) => Promise<Result>) => Promise<Result>
  /** Keeps others away from these conversations until the transaction ends. */
  lockConversations: (trx: Kysely<Schema>, conversations: readonly string[]) => Promise<void>
  /** The key's id of a `<key id>.<MAC>`. */
  keyIdOf: (column: 'fingerprint' | 'conversation') => RawBuilder<string>
  /** Locks the rows of a select, where there are others who could take them. */
  skipLocked: RawBuilder<unknown>
}

/** A method of the store as it runs in a database; its contract is with the type of the store. */
export type Query<Name extends MethodName> = (database: Database, ...parameters: Parameter<Name>) => Result<Name>

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
export function isWrittenLater({ now }: Database, column: string) {
  return sql<boolean>`${sql.ref(column)} > ${now} + ${sql.lit(CLOCK_TOLERANCE_MS)}`
}

/**
 * The clock for everything that expires or is deleted: now, but never later than when the clock was last trusted. A clock that has just
 * jumped ahead expires nothing.
 */
export function trustedNow({ now }: Database) {
  return sql<number>`coalesce((select case when heard_at < ${now} then heard_at else ${now} end from clock where id = 1), 0)`
}

/** @param time a column, or an expression */
export function hasPassed(database: Database, time: string | RawBuilder<number>) {
  return sql<boolean>`${typeof time === 'string' ? sql.ref(time) : time} <= ${trustedNow(database)}`
}

export function hasNotPassed(database: Database, time: string | RawBuilder<number>) {
  return sql<boolean>`${typeof time === 'string' ? sql.ref(time) : time} > ${trustedNow(database)}`
}

/** What two columns hold of something sealed; nothing once it is wiped. */
export function sealedIn(bytes: Uint8Array, keyId: string): Sealed
export function sealedIn(bytes: Uint8Array | null, keyId: string | null): Sealed | undefined
export function sealedIn(bytes: Uint8Array | null, keyId: string | null): Sealed | undefined {
  return bytes === null || keyId === null ? undefined : { keyId, bytes }
}
