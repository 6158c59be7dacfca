import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the check is there to find; its message is for the reader, without a stack. */
export class CheckFailure extends Error {}

export type Environment = Record<string, string | undefined>
export type End = { code: number | null; signal: NodeJS.Signals | null }

/** A process of ours, in a process group of its own. */
export type Running = {
  pid: number
  stdout: () => string
  stderr: () => string
  /** Rejects when the program cannot be started at all. */
  ended: Promise<End>
  hasEnded: () => boolean
}

/** Long enough for a build that was asked to end to remove what it made. */
const KILL_AFTER_MS = 20_000
const PIPES_CLOSE_WITHIN_MS = 2000

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    interrupted.abort(new CheckFailure(`interrupted by ${name}`))
  })
}

export function start(program: string, args: readonly string[], environment: Environment = process.env): Running {
  const child = spawn(program, args, { detached: true, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  let over = false
  const ended = new Promise<End>((resolve, reject) => {
    child.once('error', (error) => {
      over = true
      reject(new CheckFailure(`cannot start ${program}: ${error.message}`))
    })
    child.once('exit', (code, signal) => {
      over = true
      // A grandchild may hold the pipes open; what it would still say is not waited for.
      const timer = setTimeout(resolve, PIPES_CLOSE_WITHIN_MS, { code, signal })
      child.once('close', () => {
        clearTimeout(timer)
        resolve({ code, signal })
      })
    })
  })
  // Whoever awaits it still sees the failure; without this it counts as unhandled until then.
  ended.catch(() => undefined)
  return { pid: child.pid ?? -1, stdout: () => stdout, stderr: () => stderr, ended, hasEnded: () => over }
}

/** Ends a whole process group of ours: asks first, unless told not to, and then does not ask. */
export async function end(running: Running, ask = true): Promise<void> {
  for (const signal of ask ? (['SIGTERM', 'SIGKILL'] as const) : (['SIGKILL'] as const)) {
    if (running.hasEnded() || running.pid <= 1) return
    process.kill(-running.pid, signal)
    await Promise.race([running.ended, sleep(KILL_AFTER_MS, undefined, { ref: false })])
  }
}

/** Waits, but neither past the deadline nor past an interruption of the whole check. */
export async function within<T>(milliseconds: number, what: string, work: Promise<T>, finish = false): Promise<T> {
  const { promise: never, reject } = Promise.withResolvers<never>()
  const giveUp = () => {
    reject(interrupted.signal.reason)
  }
  const timer = setTimeout(() => {
    reject(new CheckFailure(`${what}: not done after ${milliseconds / 1000} s`))
  }, milliseconds)
  if (!finish) {
    interrupted.signal.addEventListener('abort', giveUp)
    if (interrupted.signal.aborted) giveUp()
  }
  try {
    return await Promise.race([work, never])
  } finally {
    clearTimeout(timer)
    interrupted.signal.removeEventListener('abort', giveUp)
  }
}

type RunOptions = {
  deadlineMs: number
  /** How a failure names it; else by its command line's beginning. */
  what?: string
  environment?: Environment
  /** For clearing up: goes on even when the check was interrupted. */
  finish?: boolean
}

/** Runs a program to its end, and ends it when that does not come in time. */
export async function run(program: string, args: readonly string[], options: RunOptions) {
  const { deadlineMs, what = `${program} ${args[0] ?? ''}`, environment, finish } = options
  const running = start(program, args, environment)
  try {
    const { code } = await within(deadlineMs, what, running.ended, finish)
    return { code, stdout: running.stdout(), stderr: running.stderr() }
  } finally {
    await end(running)
  }
}

/** The program's full name, or nothing when no folder of PATH has it. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
