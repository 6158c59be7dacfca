import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { readJson } from './call.ts'
import type { ClickFile } from './files.ts'
import { readLines } from '../base/lines.ts'

/** The function of the module that a click or a dynamic action is for, as reasons name it. */
export const TRIED_FUNCTION = { click: 'the resolver', action: 'the dynamic action' } as const

/** What the child process is asked to run. */
type TryJob = {
  file: string
  kind: keyof typeof TRIED_FUNCTION
  click: ClickFile
  timeoutMs: number
  /** Undefined means any origin. */
  allowedOrigins: string[] | undefined
  /** Whether the gateway could ask users for scopes. */
  hasConsent: boolean
}

/** What the child process reports, once. */
const tryResultShape = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('landing'),
    landing: z.looseObject({ url: z.string() }),
    ms: z.number(),
    /** Members of the answer that the gateway does not read. */
    ignored: z.array(z.string()),
    /** What the gateway changes of the answer. */
    warnings: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('answer'),
    answer: z.looseObject({}),
    ms: z.number(),
    ignored: z.array(z.string()),
  }),
  z.object({ kind: z.literal('refused'), reason: z.string(), cause: z.string().optional() }),
  z.object({ kind: z.literal('not_loaded'), reason: z.string() }),
])
export type TryResult = z.infer<typeof tryResultShape>

const loadedShape = z.object({ kind: z.literal('loaded') })

/** The child itself ends a function that is late; this ends a child that blocks its event loop. */
const START_LIMIT_MS = 15_000
const BLOCKED_LIMIT_MS = 2000
/** How long to read what a child printed after it has exited: a process that it started may keep its output open. */
const LAST_OUTPUT_MS = 1000

/**
 * Runs a module's function in a process of its own, which ends with the result: its timers and sockets cannot keep the command
 * running, and `process.exit` in it cannot end the command as a success. The job and the result travel on file descriptor 3, not on
 * Node's IPC: `process.send` and `process.disconnect` are as absent as in a gateway.
 * @param onLine each line that the module printed or logged
 */
export async function runTryChild(job: TryJob, onLine: (line: string) => void): Promise<TryResult> {
  const file = fileURLToPath(new URL(`try-child${extname(import.meta.url)}`, import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const printed = [child.stdout, child.stderr].filter((stream) => stream !== null)
  for (const stream of printed) readLines(stream, onLine)
  const closed = once(child, 'close').catch(() => undefined)
  const result = await resultOf(child, job)
  child.kill('SIGKILL')
  const stop = new AbortController()
  const limit = sleep(LAST_OUTPUT_MS, undefined, { signal: stop.signal }).catch(() => undefined)
  if (child.pid !== undefined) await Promise.race([closed, limit])
  stop.abort()
  for (const stream of printed) stream.destroy()
  return result
}

function resultOf(child: ChildProcess, job: TryJob): Promise<TryResult> {
  const channel = child.stdio[3]
  if (!(channel instanceof Duplex)) throw new Error('expected a channel on file descriptor 3')
  return new Promise((resolve) => {
    const settle = (result: TryResult) => {
      clearTimeout(timer)
      resolve(result)
    }
    const giveUpIn = (ms: number, reason: string) =>
      setTimeout(() => {
        resolve({ kind: 'refused', reason })
      }, ms)
    const name = TRIED_FUNCTION[job.kind]
    let timer = giveUpIn(START_LIMIT_MS, 'the module did not finish loading')
    readLines(channel, (line) => {
      const message = readJson(line)
      if (loadedShape.safeParse(message).success) {
        clearTimeout(timer)
        timer = giveUpIn(job.timeoutMs + BLOCKED_LIMIT_MS, `${name} blocked its process past the deadline`)
      } else {
        const reason = `the process of ${name} wrote something else than a result on file descriptor 3`
        settle(tryResultShape.safeParse(message).data ?? { kind: 'refused', reason })
      }
    })
    child.on('error', (error) => {
      settle({ kind: 'not_loaded', reason: `the process of ${name} could not be started: ${error.message}` })
    })
    // A child that dies early breaks the channel; its exit says why.
    channel.on('error', () => undefined)
    child.on('exit', (code, signal) => {
      const how = signal ?? `exit code ${String(code)}`
      const reason = `${name} ended its process (${how}) before it answered`
      // A result may have been written just before the exit.
      if (channel.closed) settle({ kind: 'refused', reason })
      else
        channel.once('close', () => {
          settle({ kind: 'refused', reason })
        })
    })
    channel.end(JSON.stringify(job))
  })
}
