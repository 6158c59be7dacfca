/** Runs the HTTP, session and messages tests on another version of Node, from npm: `npm run test:node -- 22.19`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [version = ''] = process.argv.slice(2)
const home = mkdtempSync(join(tmpdir(), 'test-node-'))
try {
  run('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', `node@${version}`])
  run(join(home, 'node_modules', 'node', 'bin', 'node'), [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    'test/http',
    'test/session',
    'test/messages',
  ])
} finally {
  rmSync(home, { recursive: true })
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}`)
}
