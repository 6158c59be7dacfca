import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { runCommand, startChild } from '../../prove/support/children.ts'
import { freePort } from '../../prove/support/free-port.ts'
import { cpuMsOf } from '../../prove/support/processors.ts'
import { openConnection, type Exchange } from './load.ts'

/** Long, because valgrind starts a server slowly, and a busy machine even more so. */
const STARTS_WITHIN_MS = 300_000
const STOPS_WITHIN_MS = 10_000
const POLL_MS = 1
const LOG_TAIL = 2000
/** Servers run on the one core, this process and with it the load on the other. */
const CORES = { server: '0', load: '1' }

/** A program that is measured. */
export type Server = {
  name: string
  command: readonly string[]
  environment: Record<string, string>
  /** Made anew for each load: signatures expire. */
  exchange: () => Exchange
}

type Running = {
  pid: number
  port: number
  /** From the spawn to the first right answer. */
  startMs: number
  /** Processor time of all threads since the start, in user space and in the kernel. */
  cpuMs: () => number
  residentBytes: () => number
  stop: () => Promise<void>
}

/** Leaves the servers' core. */
export async function moveToLoadCore(): Promise<void> {
  await runCommand('taskset', ['-apc', CORES.load, String(process.pid)])
}

/** Starts a server on its core, with its log in a file of the folder, and waits for its first right answer. */
export async function startServer({ name, command, environment, exchange }: Server, folder: string): Promise<Running> {
  const port = await freePort()
  const logFile = join(folder, `${port}.log`)
  const log = openSync(logFile, 'a')
  const spawnedAt = performance.now()
  const child = startChild('taskset', ['-c', CORES.server, ...command], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: String(port), ...environment },
    stdio: ['ignore', log, log],
  })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    const inTime = await Promise.race([ended, setTimeout(STOPS_WITHIN_MS, undefined, { ref: false })])
    if (inTime === undefined) child.kill('SIGKILL')
    await ended
    closeSync(log)
  }
  try {
    await waitForAnswer(port, exchange(), () => child.exitCode === null)
  } catch (error) {
    await stop()
    throw new Error(`${name}: ${readFileSync(logFile, 'utf8').slice(-LOG_TAIL)}`, { cause: error })
  }
  const startMs = performance.now() - spawnedAt
  // `taskset` becomes the program that it starts, so the child's id is the server's.
  const pid = child.pid ?? NaN
  return { pid, port, startMs, cpuMs: () => cpuMsOf(pid), residentBytes: () => residentBytesOf(pid), stop }
}

async function waitForAnswer(port: number, exchange: Exchange, isRunning: () => boolean): Promise<void> {
  const until = performance.now() + STARTS_WITHIN_MS
  while (performance.now() < until) {
    if (!isRunning()) throw new Error('the server ended before it answered')
    const connection = await openConnection(port, exchange.expected).catch(() => undefined)
    if (connection === undefined) await setTimeout(POLL_MS)
    else {
      await connection.exchange(Buffer.from(exchange.request))
      connection.close()
      return
    }
  }
  throw new Error(`the server did not answer within ${STARTS_WITHIN_MS / 1000} s`)
}

function residentBytesOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) * 1024
}
