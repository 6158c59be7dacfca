import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { query } from './postgres-server.ts'
import { newCertificate } from './self-signed.ts'

const run = promisify(execFile)
const START_WITHIN_MS = 45_000

/** A PostgreSQL server of one test file. It accepts only TLS, with a certificate of an authority of its own. */
export type PrivatePostgres = {
  port: number
  /** The certificate of the authority, as a PEM file. */
  caFile: string
  /** The address of a database for the superuser `postgres`. */
  urlOf: (database: string) => string
  start: () => Promise<void>
  /** Ends the server and all its sessions at once. */
  stop: () => Promise<void>
}

type Tools = { folder: string; uid?: number; gid?: number }

const tools = await findTools()
/** Whether the programs of the server are installed. `.ci/run` does not need them for these tests. */
export const hasServerPrograms = tools !== undefined
if (!hasServerPrograms)
  process.stderr.write("PostgreSQL's initdb is missing here: tests of a server of their own are skipped.\n")

const cleanups: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const cleanUp of cleanups.reverse()) await cleanUp()
})

/** PostgreSQL refuses to run as root, so root runs it as the user that its package made. */
async function findTools(): Promise<Tools | undefined> {
  try {
    const folder = await outputOf('pg_config', '--bindir')
    await access(join(folder, 'initdb'))
    if (process.getuid?.() !== 0) return { folder }
    const [uid, gid] = await Promise.all(['-u', '-g'].map((which) => outputOf('id', which, 'postgres')))
    return { folder, uid: Number(uid), gid: Number(gid) }
  } catch {
    return undefined
  }
}

async function outputOf(program: string, ...args: string[]): Promise<string> {
  return (await run(program, args)).stdout.trim()
}

/** Starts the server. It is removed after the tests of the file. */
export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  if (tools === undefined) throw new Error('the programs of the PostgreSQL server are not installed')
  const { folder: programs, ...user } = tools
  const folder = await mkdtemp(join(tmpdir(), 'private-postgres-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const own = async (path: string) => {
    if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid)
  }
  await own(folder)
  const data = join(folder, 'data')
  const options = { ...user, cwd: folder }
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N'], options)
  const authority = await newCertificate('/CN=a private authority')
  const { key, cert } = await newCertificate('/CN=localhost', authority)
  const files = { 'server.key': key, 'server.crt': cert, 'pg_hba.conf': 'hostssl all all localhost trust\n' }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(data, name), content, { mode: 0o600 })
    await own(join(data, name))
  }

  const port = await freePort()
  const settings = ['listen_addresses=localhost', 'unix_socket_directories=', 'ssl=on', 'fsync=off']
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const urlOf = (database: string) =>
    `postgres://postgres@localhost:${port}/${database}?sslmode=verify-full&sslrootcert=${authority.certFile}`
  let server: ChildProcess | undefined
  const start = async () => {
    server = spawn(join(programs, 'postgres'), args, { ...options, stdio: 'ignore' })
    await untilUp(server, urlOf('postgres'))
  }
  const stop = async () => {
    if (server?.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGQUIT')
    await gone
  }
  cleanups.push(stop)
  await start()
  return { port, caFile: authority.certFile, urlOf, start, stop }
}

async function untilUp(server: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + START_WITHIN_MS
  while (!(await isUp(url))) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`)
    if (performance.now() > deadline) throw new Error('PostgreSQL did not start in time')
    await wait(50)
  }
}

async function isUp(url: string): Promise<boolean> {
  try {
    await query(url, 'select 1')
    return true
  } catch {
    return false
  }
}
