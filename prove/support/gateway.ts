import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import * as z from 'zod'
import { startChild } from './children.ts'
import { createClient, type Client } from './client.ts'
import type { Environment } from './environment.ts'
import { NODE_FLAGS } from './node-flags.ts'
import type { Suite } from './suite.ts'

/** As it ships, or as PROVE_MAIN says: tests run the sources, which need no build. */
const MAIN = process.env['PROVE_MAIN'] ?? fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const READY_WITHIN_MS = 60_000
const POLL_MS = 2
/** How much of the output is kept, for the reason of an unexpected exit. */
const TAIL = 16_384
const ERROR = /"level":"(?:error|fatal)"/
const MAX_PROBLEM_LINES = 5
const MAX_PROBLEM_CHARACTERS = 500

export type Ready = {
  url: string
  port: number
  client: Client
  /** From the spawn, in milliseconds. */ readyMs: number
}

export type GatewayProcess = {
  pid: number
  /** Once /readyz answers 200; rejects when the process exits before. */
  ready: Promise<Ready>
  /** SIGKILL; resolves once the process has exited. */
  kill: () => Promise<void>
  /** SIGTERM; resolves once the process has exited. */
  stop: () => Promise<void>
  signal: (signal: NodeJS.Signals) => void
  /** Log lines of level error or fatal so far. */
  errors: () => number
}

type SpawnOptions = {
  /** Another version's main file. */
  main?: string
  onOutput?: (chunk: string) => void
  /** A file descriptor for standard output, instead of a pipe that is read here; needs `port`. */
  log?: number
  /** The PORT of the environment. */
  port?: number
}

/**
 * Starts the built program, or another version's `main`, with only this environment. If it exits by itself, the suite fails.
 */
export function spawnGateway(
  suite: Suite,
  environment: Environment,
  { main = MAIN, onOutput = () => undefined, log, port: knownPort }: SpawnOptions = {},
): GatewayProcess {
  suite.atEnd(() => end('SIGKILL'))
  const spawnedAt = performance.now()
  const child = startChild(process.execPath, [...NODE_FLAGS, main], {
    env: environment,
    stdio: ['ignore', log ?? 'pipe', 'pipe'],
  })
  const listening = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<undefined>()
  let output = ''
  let unfinished = ''
  let errors = 0
  // Where the log goes elsewhere, the port must be known.
  let begun = knownPort !== undefined
  if (knownPort !== undefined) listening.resolve(knownPort)
  let mustRun = true
  let client: Client | undefined
  const read = (chunk: unknown) => {
    onOutput(String(chunk))
    output += String(chunk)
    if (!begun) {
      const line = output.split('\n').find((one) => one.includes('"gateway.started"'))
      if (line?.endsWith('}')) {
        begun = true
        listening.resolve(z.object({ port: z.number() }).parse(JSON.parse(line)).port)
      }
    }
    if (begun) output = output.slice(-TAIL)
  }
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    read(chunk)
    const lines = (unfinished + String(chunk)).split('\n')
    unfinished = lines.pop() ?? ''
    errors += lines.filter((line) => ERROR.test(line)).length
  })
  child.stderr?.setEncoding('utf8').on('data', read)
  child.once('close', (code, signal) => {
    const reason = `a gateway exited by itself (${String(code ?? signal)}):\n${problemsIn(output)}`
    listening.reject(new Error(reason))
    ended.resolve(undefined)
    void client?.close()
    if (mustRun) suite.fail(reason)
  })
  const end = async (signal: NodeJS.Signals) => {
    mustRun = false
    child.kill(signal)
    await ended.promise
  }
  const ready = listening.promise.then(async (port) => {
    const url = `http://127.0.0.1:${port}`
    await waitReady(url, spawnedAt + READY_WITHIN_MS)
    const readyMs = performance.now() - spawnedAt
    client = createClient(url)
    return { url, port, client, readyMs }
  })
  // A suite that kills a gateway during its start does not wait for `ready`.
  ready.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    ready,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    signal: (signal) => child.kill(signal),
    errors: () => errors,
  }
}

/** The last lines that are not of level info. */
function problemsIn(output: string): string {
  const lines = output.split('\n').filter((line) => line !== '' && !line.includes('"level":"info"'))
  return lines
    .slice(-MAX_PROBLEM_LINES)
    .map((line) => `  ${line.slice(0, MAX_PROBLEM_CHARACTERS)}`)
    .join('\n')
}

async function waitReady(url: string, until: number): Promise<void> {
  for (;;) {
    const status = await statusOf(`${url}/readyz`)
    if (status === 200) return
    if (performance.now() > until)
      throw new Error(`a gateway was not ready in time; /readyz last answered ${String(status)}`)
    await setTimeout(POLL_MS)
  }
}

/** The state of the store in `/readyz`; `none` when it does not answer 200. */
export async function storeOf(url: string): Promise<string> {
  try {
    const { statusCode, body } = await request(`${url}/readyz`)
    const { store } = z.object({ store: z.string() }).parse(await body.json())
    return statusCode === 200 ? store : 'none'
  } catch {
    return 'none'
  }
}

/** Undefined when there was no answer. */
async function statusOf(url: string): Promise<number | undefined> {
  try {
    const { statusCode, body } = await request(url)
    await body.dump()
    return statusCode
  } catch {
    return undefined
  }
}

/** How long a bare Node takes from its spawn to its first output, in milliseconds. */
export async function bareStartMs(): Promise<number> {
  const begun = performance.now()
  const child = startChild(process.execPath, ['-e', "process.stdout.write('up')"], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  const ms = performance.now() - begun
  await new Promise((resolve) => child.once('close', resolve))
  return ms
}
