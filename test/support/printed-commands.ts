import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import * as z from 'zod'

/** The README and the pages whose commands are for the demo. A later one finds what the demo did for an earlier one. */
export const DEMO_PAGES = [
  'README.md',
  'docs/resolvers.md',
  'docs/api.md',
  'docs/delivery.md',
  'docs/consent.md',
  'docs/platform.md',
  'docs/subscriptions.md',
  'docs/moving-over.md',
  'docs/erasing-a-person.md',
]

/** A block of shell commands, and the output that is printed under it. */
export type PrintedCommand = { command: string; output: string | undefined }

export function readPage(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
}

export function printedCommands(page: string): PrintedCommand[] {
  return [...page.matchAll(/```sh\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)].map(([, command = '', output]) => ({
    command,
    output,
  }))
}

/** Ids, times and durations differ in each run. */
export function withoutIds(text: string): string {
  return text
    .replaceAll(/\b(msg|req|clk|cns|grt|sub)_[\w-]{24}/g, '$1_')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
    .replaceAll(/\(\d+ ms\)/g, '(ms)')
}

/** Runs a block in a folder, as a reader would; its exit code and its standard output. */
export async function runPrinted(
  command: string,
  cwd: string,
  more: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const bash = spawn('bash', ['-euo', 'pipefail', '-c', command], {
    cwd,
    env: { ...process.env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  bash.stdout.setEncoding('utf8').on('data', (chunk) => (output += String(chunk)))
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(bash, 'close'))
  return { code, output }
}

/** Starts a block that runs until it is stopped; resolves once its output contains the text. */
export async function startPrinted(
  command: string,
  cwd: string,
  more: Record<string, string>,
  started: string,
): Promise<{ stop: () => Promise<unknown> }> {
  const bash = spawn('bash', ['-euo', 'pipefail', '-c', command], {
    cwd,
    env: { ...process.env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own: a signal to it reaches the program, too.
    detached: true,
  })
  const closed = once(bash, 'close')
  const { promise: up, resolve } = Promise.withResolvers<undefined>()
  let output = ''
  bash.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += String(chunk)
    if (output.includes(started)) resolve(undefined)
  })
  await Promise.race([up, closed.then(() => Promise.reject(new Error(`it ended: ${output}`)))])
  return {
    stop: async () => {
      if (bash.pid !== undefined) process.kill(-bash.pid, 'SIGTERM')
      await closed
    },
  }
}
