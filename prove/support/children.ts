import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const COMMAND_TIMEOUT_MS = 60_000

/** Whatever happens to this process, nothing that it started outlives it. */
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export function startChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options)
  children.add(child)
  const forget = () => children.delete(child)
  child.once('exit', forget).once('error', forget)
  return child
}

/** Runs a command to its end; rejects when that is no good one. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; cwd?: string } = {},
): Promise<string> {
  const { stdout } = await run(command, args, { timeout: COMMAND_TIMEOUT_MS, ...options })
  return stdout.trim()
}

/** The last line that a failed command printed. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().split('\n').at(-1) ?? text
}
