import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf, runCommand } from './children.ts'
import type { Suite } from './suite.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The commit before the migrations from 0003 on. Once versions are released, the one before this takes its place. */
const FORMER = '8a4dff77a15c539b90edcc76b257134b49aecec8'

const PARTS = ['src', 'package.json', 'package-lock.json', '.npmrc']

/** The main file of the former version, with its own packages. Where it or they cannot be had the report says so. */
export async function formerVersion(suite: Suite): Promise<string | undefined> {
  const folder = join(suite.folder, 'former')
  const archive = join(suite.folder, 'former.tar')
  try {
    await runCommand('git', ['archive', '--output', archive, FORMER, ...PARTS], { cwd: ROOT })
    await mkdir(folder)
    await runCommand('tar', ['--extract', '--file', archive, '--directory', folder])
    suite.step('installing the packages of the former version')
    await runCommand('npm', ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder })
  } catch (error) {
    const why = `the former version cannot be had from the history (${reasonOf(error)})`
    if (await isShallow()) suite.report.skipWithoutHistory('The upgrade', why)
    else suite.report.skip('The upgrade', why)
    return undefined
  }
  return join(folder, 'src/main.ts')
}

async function isShallow(): Promise<boolean> {
  return (await runCommand('git', ['rev-parse', '--is-shallow-repository'], { cwd: ROOT })) === 'true'
}
