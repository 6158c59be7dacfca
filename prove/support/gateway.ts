import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import * as z from 'zod'
import { startChild } from './children.ts'
import { createClient, type Client } from './client.ts'
import type { Environment } from './environment.ts'
import { NODE_FLAGS } from './node-flags.ts'
import type { Suite } from './suite.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const READY_WITHIN_MS = 60_000
const POLL_MS = 2
/** Of the output: enough for a reason, bounded for a long life. */
const TAIL = 16_384
const ERROR = /"level":"(?:error|fatal)"/
const MAX_COMPLAINTS = 5
const MAX_COMPLAINT = 500

export type Ready = {
  url: string
  port: number
  client: Client
  /** From the spawn, in milliseconds. */ readyMs: number
}

export type GatewayProcess = {
  pid: number
  /** Once it takes work; rejects when it ends before. */
  ready: Promise<Ready>
  /** SIGKILL, and gone when this resolves. */
  kill: () => Promise<void>
  /** SIGTERM, and gone when this resolves. */
  stop: () => Promise<void>
  signal: (signal: NodeJS.Signals) => void
  /** Lines so far by which somebody has to act. */
  errors: () => number
}

export type SpawnOptions = {
  /** Another version's main file. */
  main?: string
  onOutput?: (chunk: string) => void
  /** A file descriptor for standard output, instead of a pipe that is read here; needs `port`. */
  log?: number
  /** The PORT of the environment. */
  port?: number
}

/**
 * The program as it is built, as a process of its own with nothing but this environment; another version's, where its main file is named. That it
 * ends by itself breaks the suite.
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
  let isWanted = true
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
    const reason = `a gateway ended by itself (${String(code ?? signal)}):\n${complaints(output)}`
    listening.reject(new Error(reason))
    ended.resolve(undefined)
    void client?.close()
    if (isWanted) suite.fail(reason)
  })
  const end = async (signal: NodeJS.Signals) => {
    isWanted = false
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
  // Whoever kills a gateway while it starts does not wait for it to be ready.
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

/** The end of what was logged, less the lines of units of work. */
function complaints(output: string): string {
  const lines = output.split('\n').filter((line) => line !== '' && !line.includes('"level":"info"'))
  return lines
    .slice(-MAX_COMPLAINTS)
    .map((line) => `  ${line.slice(0, MAX_COMPLAINT)}`)
    .join('\n')
}

async function waitReady(url: string, until: number): Promise<void> {
  for (;;) {
    const status = await statusOf(`${url}/readyz`)
    if (status === 200) return
    if (performance.now() > until)
      throw new Error(`a gateway was not ready in time; /readyz last said ${String(status)}`)
    await setTimeout(POLL_MS)
  }
}

/** What `/readyz` says of the store, `none` where it does not answer 200. */
export async function storeOf(url: string): Promise<string> {
  try {
    const { statusCode, body } = await request(`${url}/readyz`)
    const { store } = z.object({ store: z.string() }).parse(await body.json())
    return statusCode === 200 ? store : 'none'
  } catch {
    return 'none'
  }
}

/** Nothing when there was no answer. */
export async function statusOf(url: string): Promise<number | undefined> {
  try {
    const { statusCode, body } = await request(url)
    await body.dump()
    return statusCode
  } catch {
    return undefined
  }
}

/** How long a bare Node needs from its spawn to its first line, in milliseconds: what no program can be faster than. */
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
