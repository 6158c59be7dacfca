import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf, runCommand } from './children.ts'
import type { Suite } from './suite.ts'

/** A file system of the suite's own, small enough to be filled. */
export type SmallDisk = {
  folder: string
  /** Uses all of its space. */
  fill: () => Promise<void>
  /** Frees the space. */
  free: () => Promise<void>
}

/** Or the reason why this machine does not allow it. */
export async function ownSmallDisk(
  suite: Suite,
  name: string,
  mebibytes: number,
): Promise<SmallDisk | { unavailable: string }> {
  const folder = join(suite.folder, name)
  await mkdir(folder)
  try {
    await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder])
  } catch (error) {
    return { unavailable: reasonOf(error) }
  }
  suite.atEnd(() => runCommand('umount', ['-l', folder]))
  const ballast: string[] = []
  const fill = async () => {
    // Smaller and smaller files, until not even a page is free.
    for (const bytes of [1024 * 1024, 64 * 1024, 4096]) {
      for (let isFull = false; !isFull;) {
        const file = join(folder, `ballast-${ballast.length}`)
        ballast.push(file)
        isFull = await writeFile(file, Buffer.alloc(bytes)).then(
          () => false,
          () => true,
        )
      }
    }
  }
  const free = async () => {
    for (const file of ballast.splice(0)) await rm(file, { force: true })
  }
  return { folder, fill, free }
}
