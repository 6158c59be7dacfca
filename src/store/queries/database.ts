import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { MethodName, Parameter, Result } from '../calls.ts'
import type { Schema } from '../schema.ts'
import { CLOCK_TOLERANCE_MS, type DatabaseKind, type Sealed } from '../store.ts'

/** A database of either kind, or a transaction in it, with the SQL that differs between the two. */
export type Database = {
  kind: DatabaseKind
  db: Kysely<Schema>
  /** The database's clock in milliseconds, the same throughout a statement. */
  now: RawBuilder<number>
  /** A `seq` greater than all others. */
  nextSeq: RawBuilder<number>
  /** Runs `work` in a transaction, and again when the database asks for it. Within a transaction, runs it in that one. */
  write: <Result>(work: (trx: Database) => Promise<Result>) => Promise<Result>
  /** Locks these conversations until the transaction ends. */
  lockConversations: (trx: Kysely<Schema>, conversations: readonly string[]) => Promise<void>
  /** The key id of a `<key id>.<MAC>`. */
  keyIdOf: (column: 'fingerprint' | 'conversation' | 'mac') => RawBuilder<string>
  /** Locks the selected rows and skips locked ones, in a database that several gateways share. */
  skipLocked: RawBuilder<unknown>
}

/** A method of the store as it runs in a database; documented with the type of the store. */
export type Query<Name extends MethodName> = (database: Database, ...parameters: Parameter<Name>) => Result<Name>

/** The condition of the partial index `message_line`. Literals only: with parameters, a query would not use the index. */
export const OPEN_IN_LINE = sql<boolean>`state in ('queued', 'sending') and in_line = 1`

/** A table `v` of these rows, for statements that change each row differently. */
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

/** The sealed value of two columns; undefined once it is wiped. */
export function sealedIn(bytes: Uint8Array, keyId: string): Sealed
export function sealedIn(bytes: Uint8Array | null, keyId: string | null): Sealed | undefined
export function sealedIn(bytes: Uint8Array | null, keyId: string | null): Sealed | undefined {
  return bytes === null || keyId === null ? undefined : { keyId, bytes }
}
