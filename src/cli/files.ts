import { createReadStream } from 'node:fs'
import { Fault } from '../base/fault.ts'
import { describeError } from '../observability/log.ts'
import { isJsonObject, parseStrictJson, type JsonObject } from '../base/strict-json.ts'
import { MAX_BODY_BYTES } from '../http/request.ts'
import { CommandFailure, EXIT } from './io.ts'
import { isAction, isEvent } from './kind-of-file.ts'
import { setPath, unsetPath } from './paths.ts'
import { SAMPLES } from './samples.ts'

/**
 * Reads a file, or standard input for `-`, as strictly as the gateway reads a body.
 * @throws CommandFailure when it cannot be read; Fault when it is not JSON that the gateway accepts
 */
export async function readJsonFile(file: string): Promise<unknown> {
  const bytes = await readBytes(file, MAX_BODY_BYTES)
  if (bytes === undefined) throw new Fault('body_too_large', `body: expected at most ${MAX_BODY_BYTES} bytes`)
  return parseStrictJson(bytes)
}

/**
 * Reads a file, or standard input for `-`; undefined when it is longer than `maxBytes`, however long it is.
 * @throws CommandFailure when it cannot be read
 */
export async function readBytes(file: string, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      const bytes = Buffer.from(chunk instanceof Uint8Array ? chunk : String(chunk))
      size += bytes.length
      if (size > maxBytes) return undefined
      chunks.push(bytes)
    }
  } catch (error) {
    const code = describeError(error).error_code ?? 'unreadable'
    throw new CommandFailure(`${file}: cannot be read (${code})`, EXIT.usage)
  }
  return Buffer.concat(chunks)
}

type Wire = 'v1' | 'v2'
/** A click as it is sent. */
export type ClickFile = { wire: Wire; body: JsonObject }
/** What Divar sends to an app. */
export type SentKind = 'click' | 'action' | 'event'
/** `kind`: as the sample or the simulator names it. */
type NamedClick = ClickFile & { kind?: SentKind | undefined }
type ClickChanges = { wire?: Wire; set: string[]; unset: string[] }

/** Reads a click, a dynamic action or an event: a built-in sample by name, a request body, or a file that the simulator saved; then applies the changes. */
export async function readClick(
  nameOrFile: string,
  { wire, set, unset }: ClickChanges,
): Promise<ClickFile & { kind: SentKind }> {
  const sample = SAMPLES.get(nameOrFile)
  const read: NamedClick = sample ? structuredClone(sample) : asClick(nameOrFile, await readClickFile(nameOrFile))
  for (const assignment of set) setPath(read.body, assignment)
  for (const path of unset) unsetPath(read.body, path)
  const { body, kind = guessKind(body) } = read
  return { kind, body, wire: wire ?? read.wire }
}

function guessKind(body: JsonObject): SentKind {
  if (isAction(body)) return 'action'
  return isEvent(body) ? 'event' : 'click'
}

async function readClickFile(file: string): Promise<unknown> {
  try {
    return await readJsonFile(file)
  } catch (error) {
    if (error instanceof Fault) throw new CommandFailure(`${file}: ${error.message}`, EXIT.usage)
    if (error instanceof CommandFailure) {
      const names = [...SAMPLES.keys()].join(', ')
      throw new CommandFailure(`${error.message}; built-in samples are ${names}`, error.exitCode)
    }
    throw error
  }
}

function asClick(file: string, value: unknown): NamedClick {
  if (!isJsonObject(value)) throw new CommandFailure(`${file}: expected a JSON object`, EXIT.usage)
  const { kind, wire, body } = value
  if (kind !== 'click' && kind !== 'action' && (kind !== 'event' || !isJsonObject(body)))
    return { wire: guessWire(value), body: value }
  if (!isJsonObject(body)) throw new CommandFailure(`${file}: /body: expected a JSON object`, EXIT.usage)
  return { kind, wire: wire === 'v1' || wire === 'v2' ? wire : guessWire(body), body }
}

/** v1 always has the peer; v2 never does. */
function guessWire(body: JsonObject): Wire {
  return ['peer_id', 'callback_url', 'Supplier', 'supplier'].some((name) => Object.hasOwn(body, name)) ? 'v1' : 'v2'
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
