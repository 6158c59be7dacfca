import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import { runCommandLine } from '../../src/cli/program.ts'

/** Runs a command line in this process; what it printed, and its exit code. */
export async function runCli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = []
  const err: string[] = []
  const io = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), colours: false }
  const code = await runCommandLine(args, {
    ...io,
    out: (text) => {
      io.out(text)
    },
    err: (text) => {
      io.err(text)
    },
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** A folder of a test's own; gone when its file is done. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kenar-cli-'))
  folders.push(folder)
  return folder
}

/** A file of a test's own. */
export async function tempFile(name: string, content: unknown): Promise<string> {
  const file = join(await tempFolder(), name)
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
