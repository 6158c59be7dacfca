import { mkdir, opendir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { readJson } from './call.ts'
import { readBytes } from './files.ts'
import { CommandFailure, EXIT } from './io.ts'
import { linesOf } from './output.ts'

/** The two send paths. A file may come from anywhere, so keys are sent to no other path. */
const SEND_PATH = /^\/v2\/open-platform\/(?:chat\/conversation|conversations\/[\w.~%-]+\/messages)$/

/** A file of a session: one click, or one message as it arrived at Divar, without secrets. */
export const savedShape = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('click'),
    wire: z.enum(['v1', 'v2']),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.record(z.string(), z.unknown()),
    expected: z.object({ status: z.int(), url: z.string().optional() }),
  }),
  z.object({
    kind: z.literal('delivery'),
    path: z.string().regex(SEND_PATH, { error: 'expected a path on which messages are sent' }),
    body: z.record(z.string(), z.unknown()),
    expected: z.object({ status: z.int() }),
  }),
])

export type Saved = z.infer<typeof savedShape>

const NAME = /^\d+-(?:click|delivery)\.json$/
const MAX_FILES = 10_000
const MAX_FILE_BYTES = 1024 * 1024
/** Size of all files of a session together. */
const MAX_SESSION_BYTES = 64 * 1024 * 1024

/** Reads the files of a session, in order. @throws CommandFailure naming every error */
export async function readSession(folder: string): Promise<{ name: string; saved: Saved }[]> {
  const names = (await listSession(folder)).toSorted((one, other) => parseInt(one) - parseInt(other))
  if (names.length === 0)
    throw new CommandFailure(`${folder}: has no files of a session (001-click.json ...)`, EXIT.usage)
  const read: { name: string; saved: Saved }[] = []
  const errors: string[] = []
  let size = 0
  for (const name of names) {
    const bytes = await readSessionFile(join(folder, name))
    size += bytes.length
    if (size > MAX_SESSION_BYTES) {
      throw new CommandFailure(`${folder}: expected files of at most ${MAX_SESSION_BYTES} bytes together`, EXIT.usage)
    }
    const parsed = savedShape.safeParse(readJson(bytes.toString('utf8')))
    if (parsed.success) read.push({ name, saved: parsed.data })
    else errors.push(`${name}:`, ...linesOf(z.prettifyError(parsed.error)))
  }
  if (errors.length > 0) throw new CommandFailure(`${folder}: not a session`, EXIT.usage, errors)
  return read
}

async function readSessionFile(file: string): Promise<Buffer> {
  const bytes = await readBytes(file, MAX_FILE_BYTES)
  if (bytes === undefined) throw new CommandFailure(`${file}: expected at most ${MAX_FILE_BYTES} bytes`, EXIT.usage)
  return bytes
}

/** Prepares a folder for a session; `overwrite` removes the one in it. @throws CommandFailure when there is one already */
export async function openSession(folder: string, overwrite: boolean): Promise<(saved: Saved) => Promise<string>> {
  await mkdir(folder, { recursive: true })
  const old = await listSession(folder)
  if (!overwrite && old.length > 0) {
    throw new CommandFailure(`${folder}: has a session already; --overwrite replaces it`, EXIT.usage)
  }
  for (const name of old) await rm(join(folder, name))
  let [count, size] = [0, 0]
  return async (saved) => {
    const text = serialize(saved)
    count += 1
    size += Buffer.byteLength(text)
    if (count > MAX_FILES) throw new CommandFailure(`${folder}: more than ${MAX_FILES} files`, EXIT.wrong)
    if (size > MAX_SESSION_BYTES)
      throw new CommandFailure(`${folder}: more than ${MAX_SESSION_BYTES} bytes`, EXIT.wrong)
    const name = `${String(count).padStart(3, '0')}-${saved.kind}.json`
    await writeFile(join(folder, name), text)
    return name
  }
}

/** Indented, unless that would make the file too large to be read again. */
function serialize(saved: Saved): string {
  const text = `${JSON.stringify(saved, null, 2)}\n`
  return Buffer.byteLength(text) <= MAX_FILE_BYTES ? text : `${JSON.stringify(saved)}\n`
}

async function listSession(folder: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { name } of await opendir(folder)) if (NAME.test(name) && names.push(name) > MAX_FILES) break
  } catch {
    throw new CommandFailure(`${folder}: is not a folder that can be read`, EXIT.usage)
  }
  if (names.length > MAX_FILES) {
    throw new CommandFailure(`${folder}: expected at most ${MAX_FILES} files of a session`, EXIT.usage)
  }
  return names
}
