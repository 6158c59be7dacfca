import { execFileSync } from 'node:child_process'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { reasonOf, runCommand } from './children.ts'
import type { Suite } from './suite.ts'

const CUT_POWER = fileURLToPath(new URL('cut-power.py', import.meta.url))
const SIZE = 512 * 1024 * 1024
const UNMOUNT_TRIES = 50
const TRY_AGAIN_MS = 100

/** A file system of the suite's own, in a file, whose power can be cut. */
export type Image = {
  folder: string
  mount: () => Promise<void>
  cutPower: () => Promise<void>
  unmount: () => Promise<void>
}

/** Where this machine does not allow it, the reason why; also when the power cannot be cut. */
export async function ownImage(suite: Suite): Promise<Image | { unavailable: string }> {
  if (process.getuid?.() !== 0) return { unavailable: 'mounting takes root' }
  try {
    const image = await createImage(suite)
    await image.mount()
    await image.cutPower()
    await image.unmount()
    return image
  } catch (error) {
    return { unavailable: reasonOf(error) }
  }
}

async function createImage(suite: Suite): Promise<Image> {
  const file = join(suite.folder, 'image')
  const folder = join(suite.folder, 'mounted')
  await writeFile(file, '')
  await truncate(file, SIZE)
  await mkdir(folder)
  await runCommand('mkfs.ext4', ['-q', '-F', file])
  let isMounted = false
  const unmount = async () => {
    if (!isMounted) return
    for (let tries = 1; ; tries += 1) {
      try {
        await runCommand('umount', [folder])
        break
      } catch (error) {
        // The process that had files open there has only just exited.
        if (tries === UNMOUNT_TRIES) throw error
        await setTimeout(TRY_AGAIN_MS)
      }
    }
    isMounted = false
  }
  suite.atEnd(unmount)
  process.on('exit', () => {
    if (isMounted) execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' })
  })
  return {
    folder,
    mount: async () => {
      await runCommand('mount', ['-o', 'loop', file, folder])
      isMounted = true
    },
    cutPower: async () => {
      await runCommand('python3', [CUT_POWER, folder])
    },
    unmount,
  }
}
