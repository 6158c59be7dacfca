import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'

/** Says in each folder which process uses it. */
const OWNER_FILE = 'owner.json'
const ownerShape = z.object({ pid: z.int().positive(), host: z.string() })

export type TemporaryFolder = { path: string; remove: () => Promise<void> }

/**
 * Makes a folder for this process below the system's temporary folder, and removes those that killed processes have left there.
 * @param program begins its name: `kenar-dev-`, `kenar-demo-`
 */
export async function makeTemporaryFolder(program: 'dev' | 'demo'): Promise<TemporaryFolder> {
  const prefix = `kenar-${program}-`
  await removeLeftovers(prefix)
  const path = await mkdtemp(join(tmpdir(), prefix))
  await writeFile(join(path, OWNER_FILE), JSON.stringify({ pid: process.pid, host: hostname() }))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** What cannot be read or removed is left: another start tries again. */
async function removeLeftovers(prefix: string): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => [])
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const path = join(tmpdir(), name)
    if (await isLeftover(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/**
 * Whether a folder is this user's, and its process was on this machine and has ended. Containers that share a temporary folder have other
 * names, so the numbers of their processes are not taken for those of this machine.
 */
async function isLeftover(path: string): Promise<boolean> {
  try {
    const stat = await lstat(path)
    if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid())) return false
    const { pid, host } = ownerShape.parse(JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8')))
    return host === hostname() && !isRunning(pid)
  } catch {
    return false
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process cannot be signalled, and runs.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
