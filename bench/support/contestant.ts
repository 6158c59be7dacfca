import { once } from 'node:events'
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startChild } from '../../prove/support/children.ts'
import { freePort } from '../../prove/support/free-port.ts'
import { openConnection } from './connection.ts'
import { createJudge } from './judge.ts'
import { CORES, pinned, type Machine } from './machine.ts'
import type { Expected } from './wire.ts'

/** A program that is counted by software starts slowly. */
const ANSWERS_WITHIN_MS = 90_000
const POLL_MS = 1
const STOPS_WITHIN_MS = 10_000
const LOG_TAIL = 2000
/** What Linux counts processor time in, whatever the kernel's own clock is. */
const MS_PER_TICK = 10

/** Who takes part, and what it is asked. */
export type Contestant = {
  name: string
  /** What starts it on a port. */
  start: (port: number) => { command: string; args: readonly string[]; environment: Record<string, string> }
  /** Made anew for each job: signatures grow old. */
  requests: () => string[]
  expected: Expected
  /** Whose instructions are worth minutes, where valgrind has to count them: those that a target compares. */
  isCountedSlowly?: boolean
}

export type Running = {
  contestant: Contestant
  pid: number
  port: number
  /** From the spawn to the first right answer, in milliseconds. */
  firstAnswerMs: number
  /** Of processor time, in user space and in the kernel, since its start. */
  cpuMs: () => number
  residentBytes: () => number
  /** A log that is kept for long would fill the disk; nobody reads this one. */
  forgetLog: () => void
  stop: () => Promise<void>
}

/** Starts one on its core, its log in a file of the folder's, and waits for its first right answer. */
export async function startContestant(contestant: Contestant, machine: Machine, folder: string): Promise<Running> {
  const port = await freePort()
  const { command, args, environment } = contestant.start(port)
  const logFile = join(folder, `${contestant.name.replaceAll(/\W+/g, '-')}-${port}.log`)
  const log = openSync(logFile, 'a')
  const spawnedAt = performance.now()
  const child = startChild(...pinned(machine, CORES.contestant, command, args), {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...environment },
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
    await firstAnswer(contestant, port, () => child.exitCode === null)
  } catch (error) {
    await stop()
    throw new Error(`${String(error)}\n${readFileSync(logFile, 'utf8').slice(-LOG_TAIL)}`, { cause: error })
  }
  const firstAnswerMs = performance.now() - spawnedAt
  const pid = child.pid ?? NaN
  return {
    contestant,
    pid,
    port,
    firstAnswerMs,
    cpuMs: () => cpuMsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    forgetLog: () => {
      ftruncateSync(log)
    },
    stop,
  }
}

async function firstAnswer(
  { name, requests, expected }: Contestant,
  port: number,
  isRunning: () => boolean,
): Promise<void> {
  const [request = ''] = requests()
  const until = performance.now() + ANSWERS_WITHIN_MS
  while (performance.now() < until) {
    if (!isRunning()) throw new Error(`${name} ended before it answered`)
    if (await answers(port, Buffer.from(request), expected)) return
    await setTimeout(POLL_MS)
  }
  throw new Error(`${name} did not answer within ${ANSWERS_WITHIN_MS / 1000} s`)
}

/** False while nobody listens; rejects when the answer is wrong. */
async function answers(port: number, request: Buffer, expected: Expected): Promise<boolean> {
  const answered = Promise.withResolvers<boolean>()
  const connection = await openConnection(port, {
    judge: createJudge(expected),
    onAnswer: () => {
      answered.resolve(true)
    },
    onWrong: (reason) => {
      answered.reject(new Error(reason))
    },
  }).catch(() => undefined)
  if (connection === undefined) return false
  connection.send(request)
  try {
    return await Promise.race([answered.promise, setTimeout(ANSWERS_WITHIN_MS, false, { ref: false })])
  } finally {
    connection.close()
  }
}

/** `taskset` becomes what it starts, so the child's pid is the contestant's; its threads are counted with it. */
function cpuMsOf(pid: number): number {
  // After the name in parentheses, which may hold blanks, user time is the 12th field and kernel time the 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}

function residentBytesOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) * 1024
}
