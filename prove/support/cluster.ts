import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { reasonOf, runCommand, startChild } from './children.ts'
import { runOnPostgres } from './databases.ts'
import { freePort } from './free-port.ts'
import type { Suite } from './suite.ts'

const START_WITHIN_MS = 30_000
const POLL_MS = 50

/** A PostgreSQL server of the suite's own, which it may kill. */
export type Cluster = {
  url: string
  start: () => Promise<void>
  /** SIGKILL to the server; its backends end too. */
  kill: () => Promise<void>
}

type Tools = { folder: string; uid?: number; gid?: number }

/** Or the reason why PostgreSQL cannot be started here. */
export async function ownCluster(suite: Suite): Promise<Cluster | { unavailable: string }> {
  try {
    return await createCluster(suite, await findTools())
  } catch (error) {
    return { unavailable: reasonOf(error) }
  }
}

/** PostgreSQL refuses to run as root, so root lends it the user that its package made. */
async function findTools(): Promise<Tools> {
  const folder = await runCommand('pg_config', ['--bindir'])
  if (process.getuid?.() !== 0) return { folder }
  const [uid, gid] = await Promise.all(['-u', '-g'].map((which) => runCommand('id', [which, 'postgres'])))
  return { folder, uid: Number(uid), gid: Number(gid) }
}

async function createCluster(suite: Suite, { folder: tools, ...user }: Tools): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'kenar-prove-cluster-'))
  suite.atEnd(() => rm(folder, { recursive: true, force: true }))
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder }
  await runCommand(join(tools, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'], options)
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'logging_collector=off']
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  let server: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals) => {
    if (server === undefined || hasEnded(server)) return
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }
  const start = async () => {
    const until = performance.now() + START_WITHIN_MS
    while (performance.now() < until) {
      // Backends of a killed server hold its memory a moment longer, and a new server ends at once until they are gone.
      if (server === undefined || hasEnded(server)) {
        server = startChild(join(tools, 'postgres'), args, { ...options, stdio: 'ignore' })
      }
      if (await isUp(url)) return
      await setTimeout(POLL_MS)
    }
    throw new Error('the PostgreSQL of this suite did not start in time')
  }
  suite.atEnd(async () => {
    // A killed server leaves shared memory behind, which only its next start removes.
    if (server !== undefined && hasEnded(server)) await start()
    await end('SIGQUIT')
  })
  return { url, start, kill: () => end('SIGKILL') }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function isUp(url: string): Promise<boolean> {
  try {
    await runOnPostgres(url, 'select 1')
    return true
  } catch {
    return false
  }
}
