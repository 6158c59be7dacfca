import { statSync } from 'node:fs'

/** The path leads to no file, or to another than the one that is open. What is committed now would be gone with the next start. */
class FileReplacedError extends Error {
  readonly code = 'STORE_FILE_REPLACED'

  constructor() {
    super('the database file was removed or replaced while it was open')
    this.name = 'FileReplacedError'
  }
}

/**
 * To be called once the database is open.
 * @returns throws when the database file or its log is no longer the one that is open
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
