import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import { freePort } from '../../prove/support/free-port.ts'
import { newFolder } from './databases.ts'

const run = promisify(execFile)
const example = (name: string) => fileURLToPath(new URL(`../../examples/events/${name}`, import.meta.url))

const stops: (() => void)[] = []
afterAll(() => {
  for (const stop of stops) stop()
})

type Command = readonly [file: string, ...parameters: string[]]

/** The programs in examples/events, by the program that runs or compiles each. */
const commands = {
  node: () => Promise.resolve([process.execPath, example('receive.mjs')]),
  python3: () => Promise.resolve(['python3', example('receive.py')]),
  php: (port) => Promise.resolve(['php', '-S', `127.0.0.1:${port}`, example('receive.php')]),
  // Compiled first: a signal for `go run` does not reach the program that it runs.
  go: async () => {
    const program = join(await newFolder(), 'receive')
    await run('go', ['build', '-o', program, example('receive.go')], { env: { ...process.env, CGO_ENABLED: '0' } })
    return [program]
  },
} satisfies Record<string, (port: number) => Promise<Command>>

export type ExampleReceiver = {
  url: string
  secret: string
  /** The names of the files in its folder. */
  files: () => Promise<string[]>
  /** What it has written to its terminal. */
  output: () => string
}

/**
 * Starts an example; it is stopped after the tests of the file.
 * @param otherSecrets it has these besides its own, as during a rotation
 */
export async function startExampleReceiver(
  program: keyof typeof commands,
  otherSecrets: readonly string[] = [],
): Promise<ExampleReceiver> {
  const port = await freePort()
  const folder = await newFolder()
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const output = await startListening(await commands[program](port), port, {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    PORT: String(port),
    EVENTS_SECRET: [...otherSecrets, secret].join(','),
    EVENTS_FOLDER: folder,
  })
  return { url: `http://127.0.0.1:${port}`, secret, files: () => readdir(folder), output }
}

/** Resolves once it has written its address. */
async function startListening(
  [file, ...parameters]: Command,
  port: number,
  environment: Environment,
): Promise<() => string> {
  const child = spawn(file, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  stops.push(() => child.kill('SIGKILL'))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: unknown) => {
      output += String(chunk)
      if (output.includes(`http://127.0.0.1:${port}`)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('close', () => {
      reject(new Error(`${file} ended: ${output}`))
    })
  })
  return () => output
}
