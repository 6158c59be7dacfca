import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf, runCommand } from './children.ts'
import type { Suite } from './suite.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The commit before the newest migration, 0004. Once versions are released, the one before this takes its place. */
const FORMER = '8a4dff77a15c539b90edcc76b257134b49aecec8'

/** The main file of the former version, with the packages of this one. Where the history does not go back to it the report says so. */
export async function formerVersion(suite: Suite): Promise<string | undefined> {
  const folder = join(suite.folder, 'former')
  const archive = join(suite.folder, 'former.tar')
  try {
    await runCommand('git', ['archive', '--output', archive, FORMER, 'src', 'package.json'], { cwd: ROOT })
    await mkdir(folder)
    await runCommand('tar', ['--extract', '--file', archive, '--directory', folder])
  } catch (error) {
    suite.report.skip('The upgrade', `the former version cannot be had from the history (${reasonOf(error)})`)
    return undefined
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'src/main.ts')
}
