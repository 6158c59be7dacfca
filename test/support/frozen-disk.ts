import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import { reportMissing } from './programs.ts'

const SIZE = 32 * 1024 * 1024

/** A file system of its own that can be frozen: writes to it wait until it is thawed. It can also fail permanently. */
type FreezableDisk = { folder: string; freeze: () => void; thaw: () => void; fail: () => void }

const CUT_POWER = fileURLToPath(new URL('../../prove/support/cut-power.py', import.meta.url))

/** `undefined` where this process may not mount one. It is removed after the tests of the file. */
export function mountFreezableDisk(): FreezableDisk | undefined {
  const base = mkdtempSync(join(tmpdir(), 'frozen-'))
  const [image, folder] = [join(base, 'image'), mkdtempSync(join(base, 'disk-'))]
  const remove = () => {
    rmSync(base, { recursive: true, force: true })
  }
  try {
    const file = openSync(image, 'w')
    ftruncateSync(file, SIZE)
    closeSync(file)
    run('mkfs.ext4', '-q', image)
    run('mount', '-o', 'loop', image, folder)
    run('fsfreeze', '--freeze', folder)
    run('fsfreeze', '--unfreeze', folder)
  } catch {
    remove()
    reportMissing('the right to mount and to freeze a file system', 'a frozen file system is not tried')
    return undefined
  }
  let frozen = false
  const thaw = () => {
    if (frozen) run('fsfreeze', '--unfreeze', folder)
    frozen = false
  }
  afterAll(() => {
    thaw()
    run('umount', '-l', folder)
    remove()
  })
  return {
    folder,
    freeze: () => {
      run('fsfreeze', '--freeze', folder)
      frozen = true
    },
    thaw,
    fail: () => {
      run('python3', CUT_POWER, folder)
    },
  }
}

function run(program: string, ...parameters: string[]): void {
  execFileSync(program, parameters, { stdio: 'ignore' })
}
