import { statSync } from 'node:fs'
import SqliteFile from 'better-sqlite3'
import { Kysely, sql, SqliteDialect } from 'kysely'
import type { Database } from '../queries/database.ts'
import { LostAnswerError } from '../calls.ts'
import { migrate, MigrationError } from '../migrate.ts'
import { createQueries } from '../queries/queries.ts'
import type { Schema } from '../schema.ts'
import { StoreSetupError, type StoreMethods } from '../store.ts'

export type SqliteQueries = StoreMethods & { backup: (file: string) => Promise<void>; close: () => Promise<void> }

/** Opens the file for this process alone. Calls must not overlap, because there is one connection. */
export async function openSqlite(path: string): Promise<SqliteQueries> {
  const file = openAlone(path)
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: file }) })
  await migrate(db, 'sqlite').catch((error: unknown) => {
    file.close()
    const what = error instanceof MigrationError ? `: migration ${error.migration} failed` : ''
    const code = codeOf(error)
    throw new StoreSetupError(
      `${path}: the schema could not be brought up to date${what} (${code})`,
      error instanceof MigrationError ? error.cause : error,
      { isTemporary: isTemporary(code) },
    )
  })
  // The lock on the file proves that no other gateway is left.
  await db.deleteFrom('gateway').execute()
  await db
    .updateTable('user_grant')
    .set({ lease_owner: null, lease_until: null })
    .where('lease_owner', 'is not', null)
    .execute()
  await db
    .updateTable('subscription')
    .set({ lease_owner: null, lease_until: null })
    .where('lease_owner', 'is not', null)
    .execute()
  return {
    ...createQueries(describeDatabase(db, file)),
    backup: async (copy) => {
      await file.backup(copy)
    },
    close: () => db.destroy(),
  }
}

/**
 * The operating system holds the lock on the file, and releases it when the process ends in any way. `synchronous = full` makes committed
 * rows survive a power cut. `secure_delete` overwrites deleted content with zeros.
 */
export function openAlone(path: string): SqliteFile.Database {
  try {
    const file = new SqliteFile(path, { timeout: 0 })
    file.pragma('locking_mode = exclusive')
    file.pragma('journal_mode = wal')
    file.pragma('synchronous = full')
    file.pragma('foreign_keys = on')
    // A container's file system may be read-only, without a place for temporary files.
    file.pragma('temp_store = memory')
    file.pragma('secure_delete = on')
    file.exec('begin immediate; commit')
    return file
  } catch (error) {
    const code = codeOf(error)
    throw new StoreSetupError(`${path}: ${describe(code)}`, error, { isTemporary: isTemporary(code) })
  }
}

/** Whether a later start may succeed: another process may end, or disk space be freed. A wrong path or file stays wrong. */
function isTemporary(code: string): boolean {
  return /^SQLITE_(?:BUSY|LOCKED|FULL|NOMEM|IOERR(?!_LOCK))/.test(code)
}

function describe(code: string): string {
  if (code.startsWith('SQLITE_BUSY')) return 'another process has this file open; a SQLite file serves one gateway'
  // The driver checks the folder itself and throws a TypeError when it is missing.
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'TypeError') {
    return 'cannot be opened; its folder must exist and be writable'
  }
  // A read-only file cannot be locked either.
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_IOERR_LOCK') {
    return 'cannot be locked; it must be writable, on a file system that has locks'
  }
  if (code.startsWith('SQLITE_NOTADB')) return 'is no SQLite database'
  return `cannot be used (${code})`
}

function codeOf(error: unknown): string {
  const { cause = error } = error instanceof Error ? error : {}
  // By its member, since the driver's error class is the one that the process loaded first.
  if (typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string')
    return cause.code
  return cause instanceof Error ? cause.name : 'unknown'
}

/** @throws LostAnswerError after an I/O error: what was written before it may be there at the next start */
function commit(file: SqliteFile.Database): void {
  try {
    file.exec('commit')
  } catch (error) {
    throw codeOf(error).startsWith('SQLITE_IOERR') ? new LostAnswerError(error) : error
  }
}

export function describeDatabase(db: Kysely<Schema>, file: SqliteFile.Database): Database {
  const database: Omit<Database, 'write'> = {
    kind: 'sqlite',
    db,
    now: sql<number>`cast(round(unixepoch('subsec') * 1000) as integer)`,
    nextSeq: sql<number>`(select max(seq) + 1 from message)`,
    lockConversations: () => Promise.resolve(),
    keyIdOf: (column) => sql<string>`substr(${sql.ref(column)}, 1, instr(${sql.ref(column)}, '.') - 1)`,
    skipLocked: sql``,
  }
  const trx: Database = { ...database, write: (work) => work(trx) }
  const write: Database['write'] = async (work) => {
    file.exec('begin immediate')
    try {
      const result = await work(trx)
      commit(file)
      return result
    } finally {
      // Some errors, such as a full disk, end the transaction by themselves.
      if (file.inTransaction) file.exec('rollback')
    }
  }
  return { ...database, write }
}

/** The path no longer leads to the open file: commits would be lost at the next start. */
class FileReplacedError extends Error {
  readonly code = 'STORE_FILE_REPLACED'

  constructor() {
    super('the database file was removed or replaced while it was open')
    this.name = 'FileReplacedError'
  }
}

/**
 * Makes a check that throws when the database file or its log has been removed or replaced. Call it when the database is open.
 */
export function createFileCheck(path: string): () => void {
  const paths = [path, `${path}-wal`]
  const opened = paths.map(identityOf)
  return () => {
    if (paths.some((one, index) => identityOf(one) !== opened[index])) throw new FileReplacedError()
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}
