import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from './environment.ts'
import type { Suite } from './suite.ts'

/** A wall clock that can be moved while the process runs; the monotonic clock stays as it is. */
export type FakeClock = { environment: Environment; move: (offset: '+0' | '+1d') => Promise<void> }

/** Undefined where libfaketime is not installed. */
export async function fakeClock(suite: Suite): Promise<FakeClock | undefined> {
  const library = findLibrary()
  if (library === undefined) return undefined
  const file = join(suite.folder, 'clock')
  await writeFile(file, '+0')
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    move: (offset) => writeFile(file, offset),
  }
}

/** Debian's package libfaketime puts it below the folder of the machine's architecture. */
function findLibrary(): string | undefined {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => join('/usr/lib', name)) : []
  return folders.map((folder) => join(folder, 'faketime', 'libfaketimeMT.so.1')).find((file) => existsSync(file))
}
