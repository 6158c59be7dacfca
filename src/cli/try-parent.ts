import { fork, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import type { ClickFile } from './files.ts'

/** What the child process is asked to run. */
export type TryJob = {
  file: string
  click: ClickFile
  timeoutMs: number
  /** None given means any origin. */
  allowedOrigins: string[] | undefined
  /** Whether the gateway could ask users for scopes. */
  hasConsent: boolean
}

/** What the child process reports, once. */
export const tryResultShape = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('landing'),
    landing: z.looseObject({ url: z.string() }),
    ms: z.number(),
    /** Members of the answer that the gateway does not read. */
    ignored: z.array(z.string()),
    /** What the gateway changes of the answer. */
    warnings: z.array(z.string()),
  }),
  z.object({ kind: z.literal('refused'), reason: z.string(), cause: z.string().optional() }),
  z.object({ kind: z.literal('not_loaded'), reason: z.string() }),
])
export type TryResult = z.infer<typeof tryResultShape>

const loadedShape = z.object({ kind: z.literal('loaded') })

/** The child itself ends a resolver that is late; this ends a child that blocks its event loop. */
const START_LIMIT_MS = 15_000
const BLOCKED_LIMIT_MS = 2000

/**
 * Runs a resolver in a process of its own, which ends with the result: timers and sockets of the resolver's cannot keep the command
 * running, and `process.exit` in it cannot end the command as a success.
 * @param onLine each line that the resolver printed or logged
 */
export async function runTryChild(job: TryJob, onLine: (line: string) => void): Promise<TryResult> {
  const file = new URL(`try-child${extname(import.meta.url)}`, import.meta.url)
  const child = fork(file, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', onLine)
  // All that the child printed has been read when its streams are closed.
  const closed = new Promise<void>((resolve) => {
    child.on('close', () => {
      resolve()
    })
  })
  const result = await resultOf(child, job)
  child.kill('SIGKILL')
  if (child.pid !== undefined) await closed
  return result
}

function resultOf(child: ChildProcess, job: TryJob): Promise<TryResult> {
  return new Promise((resolve) => {
    const giveUpIn = (ms: number, reason: string) =>
      setTimeout(() => {
        resolve({ kind: 'refused', reason })
      }, ms)
    let timer = giveUpIn(START_LIMIT_MS, 'the module did not finish loading')
    child.on('message', (message) => {
      clearTimeout(timer)
      const result = tryResultShape.safeParse(message)
      if (result.success) resolve(result.data)
      else if (loadedShape.safeParse(message).success) {
        timer = giveUpIn(job.timeoutMs + BLOCKED_LIMIT_MS, 'the resolver blocked its process past the deadline')
      }
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ kind: 'not_loaded', reason: `the resolver's process could not be started: ${error.message}` })
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      const how = signal ?? `exit code ${String(code)}`
      resolve({ kind: 'refused', reason: `the resolver ended its process (${how}) before it answered` })
    })
    child.send(job)
  })
}
