import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { newFolder, query } from './databases.ts'
import { hasProgram } from './programs.ts'

export const hasPgBouncer = await hasProgram('pgbouncer', 'its tests are left out')

/** PgBouncer refuses to run as root. */
const NOBODY = 65_534

const running: ChildProcess[] = []
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** The address of a database behind a PgBouncer in transaction mode, whose other settings are those of its package. */
export async function behindPgBouncer(databaseUrl: string, settings = ''): Promise<string> {
  const { hostname, port, username, password } = new URL(databaseUrl)
  const folder = await newFolder()
  await chmod(folder, 0o755)
  const file = join(folder, 'pgbouncer.ini')
  const listenPort = await freePort()
  const server = `host=${hostname} port=${port} user=${username}${password && ` password=${password}`}`
  await writeFile(
    file,
    `[databases]
* = ${server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
${settings}
`,
    { mode: 0o644 },
  )
  const child = spawn('pgbouncer', ['-q', file], {
    stdio: 'ignore',
    ...(process.getuid?.() === 0 && { uid: NOBODY, gid: NOBODY }),
  })
  running.push(child)
  const url = Object.assign(new URL(databaseUrl), { port: String(listenPort) }).href
  while (!(await answers(url))) if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`)
  return url
}

async function answers(url: string): Promise<boolean> {
  try {
    await query(url, 'select 1')
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
