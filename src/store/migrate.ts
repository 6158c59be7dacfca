import { sql, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { outbox } from './migrations/0001-outbox.ts'
import { consent } from './migrations/0002-consent.ts'
import type { Schema } from './schema.ts'
import { StoreSetupError, type DatabaseKind } from './store.ts'

/**
 * Numbered and never changed once released. Each only adds what an older gateway can live without; what is no longer needed is taken
 * away by a later version, when no gateway that needs it can still be running.
 */
const MIGRATIONS = { '0001-outbox': outbox, '0002-consent': consent }

/** Brings the schema up to date; gateways that start together take turns, under the database's lock. */
export async function migrate(db: Kysely<Schema>, kind: DatabaseKind): Promise<void> {
  const migrations = await knownMigrations(db, kind)
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw new StoreSetupError('the schema could not be brought up to date', error)
}

async function knownMigrations(db: Kysely<Schema>, kind: DatabaseKind): Promise<Record<string, Migration>> {
  const ours = Object.entries(MIGRATIONS).map(([name, up]): [string, Migration] => [
    name,
    { up: (schema: Kysely<unknown>) => up(schema, kind) },
  ])
  return { ...(await newerMigrations(db)), ...Object.fromEntries(ours) }
}

/** What a newer gateway has done is no fault: ours works on its schema. The library would refuse to start. */
async function newerMigrations(db: Kysely<Schema>): Promise<Record<string, Migration>> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return {}
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return Object.fromEntries(rows.map(({ name }) => [name, { up: () => Promise.resolve() }]))
}
