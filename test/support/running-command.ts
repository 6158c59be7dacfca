import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const children = new Set<ReturnType<typeof spawn>>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** `program`: the command line as it is installed; default: its sources. */
type Where = { cwd?: string; env?: Record<string, string | undefined>; program?: string }

/** Starts a command that stays up, as a process of its own. It is killed after the tests of the file. */
export function startCommand(args: readonly string[], { cwd, env, program = main }: Where = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  })
  children.add(child)
  let output = ''
  const looks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += String(chunk)
      for (const look of looks) look()
    })
  }
  const exited = once(child, 'close').then(([code, signal]: unknown[]) => {
    children.delete(child)
    return code ?? signal
  })
  return {
    output: () => output,
    /** Resolves with the match once what it printed after `from` characters matches. */
    printed: (pattern: RegExp, from = 0) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output.slice(from))
          if (found === null) return
          looks.delete(look)
          resolve(found)
        }
        looks.add(look)
        look()
        void exited.then(() => {
          reject(new Error(`it ended without ${String(pattern)}:\n${output}`))
        })
      }),
    exited,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  }
}
