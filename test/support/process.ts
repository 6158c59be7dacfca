import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type GatewayProcess = {
  stdout: () => string
  stderr: () => string
  /** Resolves with the port once it is listening; rejects when the process ends before. */
  started: Promise<number>
  /** Resolves once it has logged this event. */
  said: (event: string) => Promise<void>
  exited: Promise<number | NodeJS.Signals | null>
  kill: (signal: NodeJS.Signals) => void
}

const children = new Set<ReturnType<typeof spawn>>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** The program itself, as a process of its own with nothing but this environment and Node's cache; as it is built, where that is named after Node's flags. */
export function spawnGateway(environment: Environment, ...program: readonly string[]): GatewayProcess {
  const child = spawn(process.execPath, program.length === 0 ? [MAIN] : program, {
    // A compiled program starts in half of the processor time.
    env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += String(chunk)))
  const started = new Promise<number>((resolve, reject) => {
    child.once('close', () => {
      reject(new Error(`the gateway ended before it listened: ${stdout}${stderr}`))
    })
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += String(chunk)
      const line = stdout.split('\n').find((one) => one.includes('"gateway.started"'))
      if (line?.endsWith('}')) resolve(z.object({ port: z.number() }).parse(JSON.parse(line)).port)
    })
  })
  // Some programs are expected to end early.
  started.catch(() => undefined)
  const said = (event: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!stdout.includes(`"${event}"`)) return
        child.stdout.off('data', look)
        resolve()
      }
      child.stdout.on('data', look)
      look()
    })
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      children.delete(child)
      resolve(code ?? signal)
    })
  })
  return { stdout: () => stdout, stderr: () => stderr, started, said, exited, kill: (signal) => child.kill(signal) }
}
