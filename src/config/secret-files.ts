import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { describeError } from '../observability/log.ts'
import type { Environment } from './variables.ts'

/** The variables whose value is a secret. Each can be in a file instead, which `<NAME>_FILE` names. */
export const SECRETS: readonly string[] = [
  'DIVAR_IDENTIFICATION_KEY',
  'DIVAR_IDENTIFICATION_KEY_NEXT',
  'DIVAR_API_KEY',
  'INTERNAL_API_KEYS',
  'DIVAR_CLIENT_SECRET',
  'TOKEN_ENCRYPTION_KEY',
  'RESOLVER_SECRET',
  'STATUS_WEBHOOK_SECRET',
  'EVENTS_SECRET',
  'DATABASE_URL',
]

/** The variable that names the file of a secret. */
export function fileVariable(name: string): string {
  return `${name}_FILE`
}

/** The secrets that a file is named for. */
export function secretsInFiles(given: Environment): string[] {
  return SECRETS.filter((name) => given[fileVariable(name)] !== undefined)
}

type ReadSecrets = {
  /** The content of each file; empty for a file with a fault. */
  values: Record<string, string>
  /** What is wrong, by the name of the secret. Never contains a content, or a path, which may be a misplaced secret. */
  faults: Map<string, string>
}

/** Reads the files of these secrets. */
export function readSecretFiles(names: readonly string[], given: Environment): ReadSecrets {
  const values: Record<string, string> = {}
  const faults = new Map<string, string>()
  for (const name of names) {
    const secret =
      given[name] === undefined
        ? readSecretFile(given[fileVariable(name)] ?? '')
        : { fault: `${name} is set too; expected one of the two` }
    values[name] = 'text' in secret ? secret.text : ''
    if ('fault' in secret) faults.set(name, `${fileVariable(name)}: ${secret.fault}`)
  }
  return { values, faults }
}

const MAX_BYTES = 65_536

/** The text of a secret's file without the line ends after it, or what is wrong with the file. */
export function readSecretFile(path: string): { text: string } | { fault: string } {
  const content = readBytes(path)
  if ('fault' in content) return content
  if (content.bytes.length > MAX_BYTES) return { fault: 'expected a file of at most 64 KiB' }
  const text = decode(content.bytes)
  if (text === undefined) return { fault: 'expected a file in UTF-8' }
  const secret = text.replace(/[\r\n]+$/, '')
  return secret.trim() === '' ? { fault: 'its file is empty' } : { text: secret }
}

/** At most one byte more than are allowed. */
function readBytes(path: string): { bytes: Buffer } | { fault: string } {
  try {
    // Opening a named pipe would otherwise wait for its writer.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!fstatSync(file).isFile()) return { fault: 'expected a regular file' }
      const bytes = Buffer.alloc(MAX_BYTES + 1)
      let length = 0
      let read = 0
      do {
        read = readSync(file, bytes, length, bytes.length - length, null)
        length += read
      } while (read > 0 && length < bytes.length)
      return { bytes: bytes.subarray(0, length) }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const { error: name, error_code: code = name } = describeError(error)
    return { fault: `its file cannot be read (${code})` }
  }
}

/** Without a byte order mark; undefined for what is not UTF-8. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
