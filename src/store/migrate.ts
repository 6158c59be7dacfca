import { sql, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { MIGRATIONS, type Migrations } from './migrations.ts'
import type { Schema } from './schema.ts'
import type { DatabaseKind } from './store.ts'

/** A migration failed and was rolled back. */
export class MigrationError extends Error {
  readonly migration: string

  constructor(migration: string, cause: unknown) {
    super(`migration ${migration} failed`, { cause })
    this.name = 'MigrationError'
    this.migration = migration
  }
}

type MigrateOptions = {
  /** Called before each migration that is still to be done. */
  onBegin?: (migration: string) => void
  /** Replaces the gateway's own migrations. */
  migrations?: Migrations | undefined
}

/**
 * Brings the schema up to date.
 * @throws MigrationError, or the database's error where no migration is to blame
 */
export async function migrate(
  db: Kysely<Schema>,
  kind: DatabaseKind,
  { onBegin, migrations = MIGRATIONS }: MigrateOptions = {},
): Promise<void> {
  const ours = Object.entries(migrations).map(([name, up]): [string, Migration] => [
    name,
    {
      up: (schema: Kysely<unknown>) => {
        onBegin?.(name)
        return up(schema, kind)
      },
    },
  ])
  const known = { ...(await newerMigrations(db)), ...Object.fromEntries(ours) }
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(known) } })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error === undefined) return
  const failed = results.find(({ status }) => status === 'Error')
  if (failed !== undefined) throw new MigrationError(failed.migrationName, error)
  throw error instanceof Error ? error : new Error('the migrations could not be listed', { cause: error })
}

/** Migrations of a newer gateway are accepted: this version works on its schema. Kysely would refuse to start. */
async function newerMigrations(db: Kysely<Schema>): Promise<Record<string, Migration>> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return {}
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return Object.fromEntries(rows.map(({ name }) => [name, { up: () => Promise.resolve() }]))
}
