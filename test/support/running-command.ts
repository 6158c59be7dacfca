import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import { shellQuote } from '../../src/ui/shell-quote.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const children = new Set<ReturnType<typeof spawn>>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** `program`: the command line as it is installed; default: its sources. `npm`: run by npm, which starts a shell for it. */
type Where = { cwd?: string; env?: Record<string, string | undefined>; program?: string; npm?: boolean }

/** Starts a command that stays up, as a process of its own. It is killed after the tests of the file. */
export function startCommand(args: readonly string[], { cwd, env, program = main, npm = false }: Where = {}) {
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', program, ...args]
  const [file = '', ...parameters] = npm ? ['npm', 'exec', '--call', words.map(shellQuote).join(' ')] : words
  const child = spawn(file, parameters, {
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
  // `close` comes once every process that could print has ended.
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
