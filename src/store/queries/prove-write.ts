import type { Database } from './database.ts'

/**
 * Commits a row, which a database that is read-only or full, or that lost its schema, refuses. The row is among the gateways' leases and
 * has always ended, so it owns nothing; the maintenance deletes it.
 */
export async function proveWrite({ db }: Database, id: string): Promise<void> {
  await db
    .insertInto('gateway')
    .values({ id, lease_until: 0 })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ lease_until: 0 }))
    .execute()
}
