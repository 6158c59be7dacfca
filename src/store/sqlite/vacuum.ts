import { chmodSync, chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type SqliteFile from 'better-sqlite3'
import * as z from 'zod'
import { StoreSetupError } from '../store.ts'
import { openAlone } from './open.ts'

/** Sizes of the database file, in bytes. */
export type Vacuumed = { before: number; after: number }

/**
 * Writes a SQLite file anew without its free pages. No gateway may run on it: the lock on the file makes sure of that. The new file is written
 * beside the old one and takes its place in one step, so an interruption leaves the old one as it was.
 * @param freeBytes how much the folder's file system has left
 * @throws StoreSetupError when the file is missing, locked or damaged, or when its folder lacks the space
 */
export function vacuumSqlite(path: string, freeBytes = freeBytesOf): Vacuumed {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new StoreSetupError(`${path}: there is no such file`, undefined, { isTemporary: false })
  const file = openAlone(path)
  const copy = `${path}-vacuum`
  try {
    // What an interrupted run left.
    rmSync(copy, { force: true })
    // Ends the log and removes its file: it belongs to the old database.
    file.pragma('journal_mode = delete')
    const before = statSync(path).size
    const needed = usedBytes(file)
    const free = freeBytes(dirname(path))
    if (free < needed) {
      const message = `${path}: expected ${needed} free bytes in its folder for the new file, found ${free}`
      throw new StoreSetupError(message, undefined, { isTemporary: true })
    }
    file.prepare('vacuum into ?').run(copy)
    chmodSync(copy, found.mode)
    if (process.getuid?.() === 0) chownSync(copy, found.uid, found.gid)
    flush(copy)
    renameSync(copy, path)
    flush(dirname(path))
    return { before, after: statSync(path).size }
  } catch (error) {
    rmSync(copy, { force: true })
    throw error
  } finally {
    file.close()
  }
}

function usedBytes(file: SqliteFile.Database): number {
  const pragma = (name: string) => z.number().parse(file.pragma(name, { simple: true }))
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** To the disk, a file's content or a folder's names. */
function flush(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
